/** Opens the engine that a training asks for, and places its rows. */
import type { Label } from "../data/labels.js";
import type { Placement } from "../engine/engine.js";
import { type Opened, openEngine } from "../engine/open.js";
import { labelledOnly } from "../core/rows.js";
import { isSecondOrder } from "../solvers/solver-table.js";
import type { Task } from "./problem.js";

/** Opens the engine of a task, places the rows and calls `start`, as `openEngine` does. */
export async function openForTask<T>(
  { settings, rows, problem }: Pick<Task<Label>, "settings" | "rows" | "problem">,
  start: (placement: Placement) => Promise<T>,
): Promise<Opened<T>> {
  const { engine, runtime, device, adapter, signal } = settings;
  const waits = isSecondOrder(settings.solver);
  // Objectives use labels only, so where no descent is made the engine needs no memory for targets.
  const placed = waits ? labelledOnly(rows) : rows;
  const { features } = rows;
  const { classes, batchSize } = problem;
  const pass = { rows: waits ? rows.count : batchSize, features, classes, waits };
  return openEngine({ engine, runtime, device, adapter, signal, pass }, placed, start);
}
