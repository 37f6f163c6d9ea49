/** Runs the conformance tests on the webgpu engine. */
import { webgpuEngine } from "../../src/engine/webgpu/engine.js";
import { conformance } from "./conformance.js";

conformance("the WebGPU engine", () => webgpuEngine());
