/**
 * Measures systems on one batch, taking a sample of each in turn, in the calling thread. It draws nothing:
 * the caller listens to `report` and stops the measurement through `signal`.
 */
import { yieldToEventLoop } from "../../src/core/event-loop.js";
import { type Cold, Contender } from "./contender.js";
import type { System } from "../peers/system.js";
import type { Batch, Workload } from "./workloads.js";

/** Allowed difference between two systems' losses, relative to the larger: all but one compute in f32. */
const LOSS_TOLERANCE = 1e-5;

/** How much time goes into a measurement. */
export interface Effort {
  /** Samples of each system. */
  readonly rounds: number;
  /** A sample takes as many steps as fill this time. */
  readonly sampleMs: number;
  /** A system whose samples together would take longer than this gets fewer rounds, but at least one. */
  readonly systemMs: number;
}

export const THOROUGH: Effort = { rounds: 5, sampleMs: 250, systemMs: 15_000 };

export interface Run {
  readonly workload: string;
  readonly system: string;
  readonly adapter: string;
  readonly engineVersion: string;
  /** Rows of the batch. */
  readonly batch: number;
  /** Milliseconds per step, over the samples. */
  readonly stepMs: Spread;
  /** Number of samples: one per round, fewer when a step takes seconds. */
  readonly samples?: number;
  readonly coldMs: number;
  /** The parts that `coldMs` adds up. */
  readonly cold?: Cold;
  readonly examplesPerSecond: number;
  readonly gflops: number;
  /** Bytes that one step reads from memory and writes to it, where the system counts them. */
  readonly bytesMoved?: number;
  /** Bytes that every implementation of the step has to move. */
  readonly leastBytes?: number;
  /** Loss after the workload's first steps from zero weights. */
  readonly loss: number;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface MeasureFailure {
  readonly workload: string;
  readonly system: string;
  /** Batch size, only in a sweep. */
  readonly batch?: number;
  readonly message: string;
}

export interface Measured {
  readonly runs: readonly Run[];
  /** Systems that threw. */
  readonly failures: readonly MeasureFailure[];
  /** A line for each pair of systems whose losses differ. If there is one, no system is timed. */
  readonly disagreements: readonly string[];
}

/** An event during a measurement. Plain data. */
export type Notice =
  | {
      readonly kind: "doing";
      readonly workload: string;
      readonly system: string;
      /** "round 2 of 5" */
      readonly what: string;
      /** Fraction of the whole measurement that is done, from 0 to 1. */
      readonly fraction: number;
    }
  /** A system has taken another sample; `run` includes it. */
  | { readonly kind: "sampled"; readonly run: Run }
  | { readonly kind: "failed"; readonly failure: MeasureFailure };

export interface Options {
  readonly effort?: Effort;
  readonly report?: (event: Notice) => void;
  readonly signal?: AbortSignal;
  /** Receives uncaught errors; they are blamed on the system whose turn it is. */
  readonly thread?: EventTarget;
}

export async function measure(
  workload: Workload,
  batch: Batch,
  systems: readonly System[],
  { effort = THOROUGH, report, signal, thread }: Options = {},
): Promise<Measured> {
  const failures: MeasureFailure[] = [];
  const field = new Set<Contender>();
  let turns = 0;

  /** Runs one system's turn. A system that throws leaves the field, and the others go on. */
  const turn = async (system: string, what: string, work: () => Promise<void>, leave?: () => void) => {
    signal?.throwIfAborted();
    const fraction = turns++ / (systems.length * (2 + effort.rounds));
    report?.({ kind: "doing", workload: workload.name, system, what, fraction });
    try {
      await blaming(thread, async () => {
        await work();
        await yieldToEventLoop(); // lets uncaught errors arrive, and messages such as a stop
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const failure = { workload: workload.name, system, message };
      failures.push(failure);
      leave?.();
      report?.({ kind: "failed", failure });
    }
  };
  const eachTurn = async (what: string, work: (contender: Contender) => Promise<void>) => {
    for (const contender of field) {
      const turned = async () => {
        await work(contender);
        if (contender.samples.length > 0) report?.({ kind: "sampled", run: summary(workload, contender) });
      };
      const leave = () => {
        field.delete(contender);
        contender.close();
      };
      await turn(contender.name, what, turned, leave);
    }
  };

  try {
    for (const system of systems) {
      await turn(system.name, `opening, first ${workload.steps} steps`, async () => {
        field.add(await Contender.open(system, workload, batch, effort.sampleMs));
      });
    }
    const disagreements = disagreeing(workload, [...field]);
    if (disagreements.length > 0) return { runs: [], failures, disagreements };

    await eachTurn("warming up", (contender) => contender.warmUp());
    for (let round = 1; round <= effort.rounds; round++) {
      await eachTurn(`round ${round} of ${effort.rounds}`, async (contender) => {
        const samples = contender.samples.length;
        if (samples === 0 || (samples + 1) * contender.sampleMs <= effort.systemMs) await contender.sample();
      });
    }
    return { runs: Array.from(field, (contender) => summary(workload, contender)), failures, disagreements };
  } finally {
    for (const contender of field) contender.close();
  }
}

/** Runs `work`. Rejects when it does, or with an uncaught error meanwhile, as from a library's worker. */
async function blaming(thread: EventTarget | undefined, work: () => Promise<void>): Promise<void> {
  const listening = new AbortController();
  const uncaught = new Promise<never>((_, reject) => {
    const hear = (event: Event) => {
      event.preventDefault();
      reject(uncaughtIn(event));
    };
    for (const kind of ["error", "unhandledrejection"])
      thread?.addEventListener(kind, hear, { signal: listening.signal });
  });
  try {
    await Promise.race([work(), uncaught]);
  } finally {
    listening.abort();
  }
}

function uncaughtIn(event: Event): Error {
  const thrown: unknown = "reason" in event ? event.reason : "error" in event ? event.error : undefined;
  if (thrown instanceof Error) return thrown;
  const message = "message" in event ? String(event.message) : String(thrown);
  return new Error(message, { cause: thrown });
}

function summary({ name, batch, features, classes }: Workload, contender: Contender): Run {
  const { session, cold, loss } = contender;
  const sorted = contender.samples.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const last = sorted.length - 1;
  const median = (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2;
  return {
    workload: name,
    system: contender.name,
    adapter: session.adapter,
    engineVersion: session.version,
    batch,
    stepMs: { min: at(0), median, max: at(last) },
    samples: sorted.length,
    coldMs: cold.loadMs + cold.openMs + cold.firstStepMs,
    cold,
    examplesPerSecond: (1000 * batch) / median,
    // Two matrix products, with a multiplication and an addition per element.
    gflops: (4 * batch * features * classes) / median / 1e6,
    ...(session.bytesMoved !== undefined && { bytesMoved: session.bytesMoved }),
    ...(session.leastBytes !== undefined && { leastBytes: session.leastBytes }),
    loss,
  };
}

function disagreeing({ name, batch, steps }: Workload, contenders: readonly Contender[]): string[] {
  return contenders.flatMap((a, index) =>
    contenders.slice(index + 1).flatMap((b) => {
      if (a.loss === b.loss) return [];
      const difference = Math.abs(a.loss - b.loss) / Math.max(Math.abs(a.loss), Math.abs(b.loss));
      if (difference <= LOSS_TOLERANCE) return [];
      return (
        `${name}, batch ${batch}: after ${steps} steps the loss is ${a.loss} on ${a.name} and ${b.loss} on ` +
        `${b.name}, a difference of ${difference.toExponential(1)} (allowed: ${LOSS_TOLERANCE.toExponential(0)}).`
      );
    }),
  );
}
