/** The context of the parts of one objective. */
import type { ObjectiveProblem } from "../../objective.js";
import type { Gpu } from "../device/device.js";
import type { ObjectiveTiling } from "../kernels/tiling.js";
import type { GpuRows } from "../placement.js";
import type { Commands } from "./commands.js";

export interface ObjectiveContext {
  /** The handle that its buffers are allocated on. */
  readonly gpu: Gpu;
  readonly commands: Commands;
  readonly placed: GpuRows;
  readonly problem: ObjectiveProblem;
  readonly tiling: ObjectiveTiling;
}
