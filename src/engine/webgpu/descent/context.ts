/** The context of the parts of one descent. */
import type { DescentProblem } from "../../descent.js";
import type { Gpu } from "../device/device.js";
import type { Tiling } from "../kernels/tiling.js";
import type { GpuRows } from "../placement.js";

export interface DescentContext<T extends Tiling = Tiling> {
  /** The handle that its buffers are allocated on. */
  readonly gpu: Gpu;
  readonly placed: GpuRows;
  readonly problem: DescentProblem;
  readonly tiling: T;
}
