/** Runs tests on an objective of the webgpu engine. */
import type { Objective, ObjectiveProblem } from "../../../../src/engine/objective.js";
import type { Rows } from "../../../../src/core/rows.js";
import { webgpuEngine, type WebGpuOptions } from "../../../support/engines.js";

/** Opens an engine, uses an objective on it, and releases both. */
export async function withObjective<T>(
  options: WebGpuOptions,
  rows: Rows,
  problem: ObjectiveProblem,
  use: (objective: Objective) => Promise<T>,
): Promise<T> {
  const engine = await webgpuEngine(options);
  const placement = await engine.place(rows);
  try {
    const objective = await placement.objective(problem);
    try {
      return await use(objective);
    } finally {
      objective.release();
    }
  } finally {
    placement.release();
    engine.close();
  }
}
