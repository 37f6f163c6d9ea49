/** Runs the conformance tests on the webgpu engine. */
import { conformance } from "./conformance.js";
import { webgpuEngine } from "../support/engines.js";

conformance("the WebGPU engine", () => webgpuEngine());
