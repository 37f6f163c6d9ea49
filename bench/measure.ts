/**
 * Measures systems on one workload, a sample of each in turn, in the page that calls it. It draws nothing and drives
 * nothing: whoever calls it listens to `report` and stops it through `signal`.
 */
import { Contender } from "./contender.js";
import type { System } from "./systems/system.js";
import type { Workload } from "./workloads.js";

const ROUNDS = 5;
/** A system whose samples take longer than this together gets fewer rounds, one at least. */
const SYSTEM_MS = 15_000;
/** Between the losses of any two systems, relative to the larger: all but one compute in f32. */
const LOSS_TOLERANCE = 1e-5;

export interface Run {
  readonly workload: string;
  readonly system: string;
  readonly adapter: string;
  readonly engineVersion: string;
  /** One step, over the samples. */
  readonly stepMs: { readonly min: number; readonly median: number; readonly max: number };
  /** One a round: five, fewer when a step takes seconds. */
  readonly samples: number;
  readonly coldMs: number;
  readonly examplesPerSecond: number;
  readonly gflops: number;
  /** After the workload's first steps from zero weights. */
  readonly loss: number;
}

export interface Failure {
  readonly workload: string;
  readonly system: string;
  readonly message: string;
}

export interface Measured {
  readonly runs: readonly Run[];
  /** Systems that threw. */
  readonly failures: readonly Failure[];
  /** A line for each pair of systems whose losses differ. Such systems are not timed, nor the others. */
  readonly disagreements: readonly string[];
}

export interface Options {
  readonly report?: (progress: string) => void;
  readonly signal?: AbortSignal;
}

export async function measure(
  workload: Workload,
  systems: readonly System[],
  { report, signal }: Options = {},
): Promise<Measured> {
  const failures: Failure[] = [];
  const field = new Set<Contender>();
  try {
    const batch = await workload.load(workload);
    for (const system of systems) {
      signal?.throwIfAborted();
      report?.(`${system.name} opens and takes ${workload.steps} steps`);
      try {
        field.add(await Contender.open(system, workload, batch));
      } catch (error) {
        failures.push(failure(workload, system.name, error));
      }
    }

    const disagreements = disagreeing(workload, [...field]);
    if (disagreements.length > 0) return { runs: [], failures, disagreements };

    /** A system that throws leaves the field, and the others go on. */
    const each = async (work: (contender: Contender) => Promise<void>) => {
      for (const contender of field) {
        signal?.throwIfAborted();
        try {
          await work(contender);
        } catch (error) {
          failures.push(failure(workload, contender.name, error));
          field.delete(contender);
          contender.session.close();
        }
      }
    };
    report?.("warm-up");
    await each((contender) => contender.warmUp());
    for (let round = 1; round <= ROUNDS; round++) {
      report?.(`round ${round} of ${ROUNDS}`);
      await each(async (contender) => {
        const samples = contender.samples.length;
        if (samples === 0 || (samples + 1) * contender.sampleMs <= SYSTEM_MS) await contender.sample();
      });
    }
    return { runs: Array.from(field, (contender) => summary(workload, contender)), failures, disagreements };
  } finally {
    for (const { session } of field) session.close();
  }
}

function summary({ name, batch, features, classes }: Workload, contender: Contender): Run {
  const sorted = contender.samples.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const last = sorted.length - 1;
  const median = (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2;
  return {
    workload: name,
    system: contender.name,
    adapter: contender.session.adapter,
    engineVersion: contender.session.version,
    stepMs: { min: at(0), median, max: at(last) },
    samples: sorted.length,
    coldMs: contender.coldMs,
    examplesPerSecond: (1000 * batch) / median,
    // Two products, a multiplication and an addition each.
    gflops: (4 * batch * features * classes) / median / 1e6,
    loss: contender.loss,
  };
}

function disagreeing({ name, steps }: Workload, contenders: readonly Contender[]): string[] {
  return contenders.flatMap((a, index) =>
    contenders.slice(index + 1).flatMap((b) => {
      const difference = Math.abs(a.loss - b.loss) / Math.max(Math.abs(a.loss), Math.abs(b.loss));
      if (difference <= LOSS_TOLERANCE) return [];
      return (
        `${name}: after ${steps} steps the loss is ${a.loss} on ${a.name} and ${b.loss} on ${b.name}, ` +
        `a difference of ${difference.toExponential(1)} (allowed: ${LOSS_TOLERANCE.toExponential(0)}).`
      );
    }),
  );
}

function failure(workload: Workload, system: string, error: unknown): Failure {
  return { workload: workload.name, system, message: error instanceof Error ? error.message : String(error) };
}
