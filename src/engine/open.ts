/** Opens an engine and starts work on it. Under "auto" the next engine takes over where one fails. */
import { throwIfAborted } from "../core/abort.js";
import { DeviceError } from "../core/errors.js";
import type { RowSource } from "../core/row-source.js";
import { type Attempt, type ChooseOptions, type EngineChoice, chooseEngine } from "./choose.js";
import type { EngineName, Placement } from "./engine.js";

/** An open engine, and the work that was started on it. */
export interface Opened<T> extends EngineChoice {
  readonly started: T;
  /** Releases the rows and closes the engine. Release what was started first. */
  release(): void;
}

/** The engine to open, and the signal that ends the wait for it. */
export interface OpenOptions extends Omit<ChooseOptions, "failures"> {
  readonly engine: "auto" | EngineName;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the engine that is asked for, places the rows and calls `start`. A DeviceError in any of that is a
 * fault of the machine, such as a GPU that crashes or has too little memory: "auto" then starts again on the
 * next engine.
 */
export async function openEngine<T>(
  { engine: wanted, signal, ...options }: OpenOptions,
  rows: RowSource,
  start: (placement: Placement) => Promise<T>,
): Promise<Opened<T>> {
  const failures = new Map<Attempt, DeviceError>();
  for (;;) {
    throwIfAborted(signal);
    const choice = await chooseEngine(wanted, { ...options, failures });
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
      failures.set(choice.attempt, error);
    }
  }
}
