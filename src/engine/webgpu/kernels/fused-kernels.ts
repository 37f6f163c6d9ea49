/** The kernel of all passes of a block. */
import fused from "../../../../shaders/fused.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const FUSED_KERNELS = {
  fused: kernelOf(fused),
};
