/** One system on one workload: opened, warmed up, and timed a sample at a time. */
import type { Session, System } from "../peers/system.js";
import type { Batch, Workload } from "./workloads.js";

/** Steps longer than this are not repeated to warm up: the ones that `open` took after the first are a sample. */
const SLOW_MS = 3000;

/** Milliseconds from nothing to the first finished step. */
export interface Cold {
  /** The library. Two systems of one library share it: the first to load pays. */
  readonly loadMs: number;
  /** Starting the device and copying the batch there. */
  readonly openMs: number;
  /** The first step, for which most systems compile. */
  readonly firstStepMs: number;
}

export class Contender {
  readonly name: string;
  readonly session: Session;
  readonly cold: Cold;
  /** After `workload.steps` steps from zero weights. */
  readonly loss: number;
  /** A sample is as many steps as take this long, and one wait for the device at their end. */
  readonly #wantedMs: number;
  /** One step, by the last time it was measured. */
  #stepMs: number;
  #stepsPerSample: number;
  /** Milliseconds a step, one number a sample. */
  readonly samples: number[];

  private constructor(
    name: string,
    session: Session,
    cold: Cold,
    stepMs: number,
    loss: number,
    wantedMs: number,
  ) {
    this.name = name;
    this.session = session;
    this.cold = cold;
    this.loss = loss;
    this.#wantedMs = wantedMs;
    this.#stepMs = stepMs;
    this.#stepsPerSample = stepsFor(wantedMs, stepMs);
    this.samples = stepMs > SLOW_MS ? [stepMs] : [];
  }

  /** Opens the system and takes the workload's first steps, of which the very first is cold. */
  static async open(system: System, workload: Workload, batch: Batch, sampleMs: number): Promise<Contender> {
    const start = performance.now();
    const open = await system.load();
    const loaded = performance.now();
    const session = await open(workload, batch);
    try {
      const opened = performance.now();
      await session.run(1);
      const done = performance.now();
      const cold = { loadMs: loaded - start, openMs: opened - loaded, firstStepMs: done - opened };
      const stepMs = (await time(session, workload.steps - 1)) / (workload.steps - 1);
      const loss = await session.loss();
      if (!Number.isFinite(loss)) throw new Error(`After ${workload.steps} steps the loss is ${loss}.`);
      return new Contender(system.name, session, cold, stepMs, loss, sampleMs);
    } catch (error) {
      close(session);
      throw error;
    }
  }

  /** Finds how many steps make a sample. A step that is one by itself has been warm since `open`. */
  async warmUp(): Promise<void> {
    while (this.sampleMs < this.#wantedMs) {
      const wanted = stepsFor(1.2 * this.#wantedMs, this.#stepMs);
      this.#stepsPerSample = Math.min(wanted, 8 * this.#stepsPerSample);
      this.#stepMs = (await time(this.session, this.#stepsPerSample)) / this.#stepsPerSample;
    }
  }

  async sample(): Promise<void> {
    this.#stepMs = (await time(this.session, this.#stepsPerSample)) / this.#stepsPerSample;
    this.samples.push(this.#stepMs);
  }

  get sampleMs(): number {
    return this.#stepsPerSample * this.#stepMs;
  }

  close(): void {
    close(this.session);
  }
}

/** What failed may fail to close too, and nothing depends on it any more. */
function close(session: Session): void {
  try {
    session.close();
  } catch (error) {
    console.warn("A system did not close:", error);
  }
}

function stepsFor(milliseconds: number, stepMs: number): number {
  return Math.max(1, Math.ceil(milliseconds / stepMs));
}

async function time(session: Session, steps: number): Promise<number> {
  const start = performance.now();
  await session.run(steps);
  return performance.now() - start;
}
