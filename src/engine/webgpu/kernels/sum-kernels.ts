/** The kernel that adds the blocks of a pass, where it has several. */
import blockSum from "../../../../shaders/block-sum.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const SUM_KERNELS = {
  "block-sum": kernelOf(blockSum),
};
