/** The kernels of a descent over few classes on a GPU, whose threads share rows by their features. */
import splitLogits from "../../../../shaders/split-logits.wgsl?linked";
import splitGradient from "../../../../shaders/split-gradient.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const SPLIT_KERNELS = {
  "split-logits": kernelOf(splitLogits),
  "split-gradient": kernelOf(splitGradient),
};
