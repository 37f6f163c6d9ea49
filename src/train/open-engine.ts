/** Opens an engine and starts work there. Under "auto" the next engine takes over where one fails at that. */
import { throwIfAborted } from "./abort.js";
import type { Label } from "../data/labels.js";
import { type EngineChoice, chooseEngine } from "../engine/choose.js";
import type { EngineName, Placement } from "../engine/engine.js";
import { DeviceError } from "../core/errors.js";
import type { Task } from "./problem.js";

export interface Opened<T> extends EngineChoice {
  readonly started: T;
  /** Gives the rows and the engine back. What was started must have been released. */
  release(): void;
}

/**
 * Opens the engine that the task wants, places its rows and starts work on them. A DeviceError in any of that
 * is a fault of the machine, such as a GPU that crashes or has too little memory: "auto" then starts again on
 * the next engine.
 */
export async function openEngine<T>(
  { settings, rows }: Pick<Task<Label>, "settings" | "rows">,
  start: (placement: Placement) => Promise<T>,
): Promise<Opened<T>> {
  const { engine: wanted, device, signal } = settings;
  const failures = new Map<EngineName, DeviceError>();
  for (;;) {
    throwIfAborted(signal);
    const choice = await chooseEngine(wanted, device, failures);
    const { engine } = choice;
    const releases = [() => engine.close()];
    const release = () => {
      for (const one of releases.toReversed()) one();
    };
    try {
      const placement = await engine.place(rows);
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
