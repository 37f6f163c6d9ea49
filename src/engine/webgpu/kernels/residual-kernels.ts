/** The kernel between the tiled products of a descent. */
import residual from "../../../../shaders/residual.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const RESIDUAL_KERNELS = { residual: kernelOf(residual) };
