/** Runs the conformance tests on the webgpu engine. */
import { conformance } from "./conformance.js";
import { webgpuEngine } from "../support/engines.js";

/**
 * Features of the shapes with all types. Every type is read as four floats, so one shape of each kind of
 * kernels is enough, and each number of features in the last vector: 3, 1, 2 and 0.
 */
const TYPED = [31, 785, 6, 16];

conformance("the WebGPU engine", () => webgpuEngine(), TYPED);
