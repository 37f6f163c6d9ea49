/** The kernel that ends a step of a descent. */
import update from "../../../../shaders/update.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const UPDATE_KERNELS = {
  update: kernelOf(update),
};
