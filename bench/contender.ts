/** One system on one workload: opened, warmed up, and timed a sample at a time. */
import type { Session, System } from "./systems/system.js";
import type { Batch, Workload } from "./workloads.js";

/** A sample is as many steps as take this long, and one wait for the device at their end. */
const SAMPLE_MS = 250;
/** Steps longer than this are not repeated to warm up: the ones that `open` took after the first are a sample. */
const SLOW_MS = 3000;

export class Contender {
  readonly name: string;
  readonly session: Session;
  /** Loading the library, starting its device, uploading, compiling, and the first step. */
  readonly coldMs: number;
  /** After `workload.steps` steps from zero weights. */
  readonly loss: number;
  /** One step, by the last time it was measured. */
  #stepMs: number;
  #stepsPerSample: number;
  /** Milliseconds a step, one number a sample. */
  readonly samples: number[];

  private constructor(name: string, session: Session, coldMs: number, stepMs: number, loss: number) {
    this.name = name;
    this.session = session;
    this.coldMs = coldMs;
    this.loss = loss;
    this.#stepMs = stepMs;
    this.#stepsPerSample = stepsFor(SAMPLE_MS, stepMs);
    this.samples = stepMs > SLOW_MS ? [stepMs] : [];
  }

  /** Opens the system and takes the workload's first steps, of which the very first is cold. */
  static async open(system: System, workload: Workload, batch: Batch): Promise<Contender> {
    const start = performance.now();
    const session = await system.open(workload, batch);
    try {
      await session.run(1);
      const coldMs = performance.now() - start;
      const stepMs = (await time(session, workload.steps - 1)) / (workload.steps - 1);
      return new Contender(system.name, session, coldMs, stepMs, await session.loss());
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Finds how many steps make a sample. A step that is one by itself has been warm since `open`. */
  async warmUp(): Promise<void> {
    while (this.sampleMs < SAMPLE_MS) {
      const wanted = stepsFor(1.2 * SAMPLE_MS, this.#stepMs);
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
}

function stepsFor(milliseconds: number, stepMs: number): number {
  return Math.max(1, Math.ceil(milliseconds / stepMs));
}

async function time(session: Session, steps: number): Promise<number> {
  const start = performance.now();
  await session.run(steps);
  return performance.now() - start;
}
