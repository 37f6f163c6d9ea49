/** Runs the conformance tests on the webgpu engine. */
import { conformance } from "./conformance.js";
import { webgpuEngine } from "../support/engines.js";

/**
 * Features of the shapes with all types. Every type is read as four floats, so one shape of each kind of
 * kernels is enough, and each number of features in the last vector: 2, 0, 3 and 1.
 */
const TYPED = [6, 16, 31, 785];

conformance("the WebGPU engine", () => webgpuEngine(), TYPED);
