/** One system on one workload: opens it, warms it up, and times it sample by sample. */
import type { Session, System } from "../peers/system.js";
import type { Batch, Workload } from "./workloads.js";

/** Where a step takes longer than this, the steps that `open` took after the first are already a sample. */
const SLOW_MS = 3000;

/** The parts of a cold start, in milliseconds, up to the end of the first step. */
export interface Cold {
  /** Loading the library. Systems of the same library share it, so the first to load pays. */
  readonly loadMs: number;
  /** Starting the device and copying the batch there. */
  readonly openMs: number;
  /** The first step, in which most systems compile. */
  readonly firstStepMs: number;
}

export class Contender {
  readonly name: string;
  readonly session: Session;
  readonly cold: Cold;
  /** Loss after `workload.steps` steps from zero weights. */
  readonly loss: number;
  /** Least duration of a sample: some steps, then one wait for the device. */
  readonly #wantedMs: number;
  /** Time of one step when it was last measured. */
  #stepMs: number;
  #stepsPerSample: number;
  /** Milliseconds per step, one number per sample. */
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

  /**
   * Opens the system and takes the workload's first steps, of which the very first is cold. Throws when the
   * loss after them is not finite.
   */
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

  /** Finds how many steps make a sample. A system that needs only one has warmed up in `open`. */
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

/** Closes a session. Only warns if that fails, as it may after another failure: nothing depends on it. */
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
