/** The kernel of whole steps. */
import steps from "../../../../shaders/steps.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const STEPS_KERNELS = {
  steps: kernelOf(steps),
};
