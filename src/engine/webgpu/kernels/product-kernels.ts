/** The tiled products, of descents and objectives, and the kernel that gathers their rows. */
import gather from "../../../../shaders/gather.wgsl?linked";
import logits from "../../../../shaders/logits.wgsl?linked";
import gradient from "../../../../shaders/gradient.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const PRODUCT_KERNELS = {
  gather: kernelOf(gather),
  logits: kernelOf(logits),
  gradient: kernelOf(gradient),
};
