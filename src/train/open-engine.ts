/** Opens an engine and starts work on it. Under "auto" the next engine takes over where one fails. */
import { throwIfAborted } from "./abort.js";
import type { Label } from "../data/labels.js";
import { type EngineChoice, chooseEngine } from "../engine/choose.js";
import type { EngineName, Placement } from "../engine/engine.js";
import { DeviceError } from "../core/errors.js";
import { labelledOnly } from "../core/rows.js";
import { isSecondOrder } from "../solvers/solver-table.js";
import type { Task } from "./problem.js";

/** An open engine, and the work that was started on it. */
export interface Opened<T> extends EngineChoice {
  readonly started: T;
  /** Releases the rows and closes the engine. Release what was started first. */
  release(): void;
}

/**
 * Opens the engine that the task asks for, places the rows and calls `start`. A DeviceError in any of that is
 * a fault of the machine, such as a GPU that crashes or has too little memory: "auto" then starts again on
 * the next engine.
 */
export async function openEngine<T>(
  { settings, rows, problem }: Pick<Task<Label>, "settings" | "rows" | "problem">,
  start: (placement: Placement) => Promise<T>,
): Promise<Opened<T>> {
  const { engine: wanted, runtime, device, adapter, signal } = settings;
  const waits = isSecondOrder(settings.solver);
  // Objectives use labels only, so where no descent is made the engine needs no memory for targets.
  const placed = waits ? labelledOnly(rows) : rows;
  const { features } = rows;
  const { classes, batchSize } = problem;
  const pass = { rows: waits ? rows.count : batchSize, features, classes, waits };
  const failures = new Map<EngineName, DeviceError>();
  for (;;) {
    throwIfAborted(signal);
    const choice = await chooseEngine(wanted, { runtime, device, adapter, pass, failures });
    const { engine } = choice;
    const releases = [() => engine.close()];
    const release = () => {
      for (const one of releases.toReversed()) one();
    };
    try {
      const placement = await engine.place(placed);
      releases.push(() => placement.release());
      throwIfAborted(signal);
      return { ...choice, started: await start(placement), release };
    } catch (error) {
      release();
      const another = wanted === "auto" && engine.name !== "reference";
      if (!another || !(error instanceof DeviceError)) throw error;
      failures.set(engine.name, error);
    }
  }
}
