/** Measures systems on one workload over batch sizes. */
import { type Effort, type Notice, type Measured, type Options, measure } from "./measure.js";
import type { System } from "../peers/system.js";
import type { Batch, Workload } from "./workloads.js";

/** Factor from one size to the next. */
const GROWTH = 4;
const SMALLEST = 16;
const LARGEST = 16_384;
/** Most logits in a batch: 64 MiB. */
const MOST_LOGITS = 2 ** 24;
/** A system whose step takes longer than this is not tried on larger batches. */
const SLOW_MS = 1000;
const EFFORT: Effort = { rounds: 3, sampleMs: 60, systemMs: 1000 };

export function sizesOf({ classes }: Workload): number[] {
  const sizes = [];
  for (let size = SMALLEST; size <= LARGEST && size * classes <= MOST_LOGITS; size *= GROWTH)
    sizes.push(size);
  return sizes;
}

/** Measures all sizes, smallest first. A system that fails or becomes slow is left out of the larger ones. */
export async function measureBatchSizes(
  workload: Workload,
  mnist: string,
  systems: readonly System[],
  { report, ...options }: Omit<Options, "effort">,
): Promise<Measured> {
  const sizes = sizesOf(workload);
  const largest = await workload.load({ ...workload, batch: sizes.at(-1) ?? workload.batch }, mnist);
  const all: Measured[] = [];
  let field = systems;
  for (const [index, size] of sizes.entries()) {
    const measured = await measure(
      resized(workload, size),
      firstRows(largest, size, workload.features),
      field,
      {
        effort: EFFORT,
        report: (event) => report?.(ofSize(event, size, index, sizes.length)),
        ...options,
      },
    );
    all.push({ ...measured, failures: measured.failures.map((failure) => ({ ...failure, batch: size })) });
    const fast = measured.runs.filter(({ stepMs }) => stepMs.median < SLOW_MS).map(({ system }) => system);
    // Where the losses disagree nothing was timed, so no system is known to be slow.
    if (measured.disagreements.length === 0) field = field.filter(({ name }) => fast.includes(name));
    if (field.length === 0) break;
  }
  return {
    runs: all.flatMap(({ runs }) => runs),
    failures: all.flatMap(({ failures }) => failures),
    disagreements: all.flatMap(({ disagreements }) => disagreements),
  };
}

/** Turns an event of the size number `index` into an event of the whole sweep. */
function ofSize(event: Notice, size: number, index: number, sizes: number): Notice {
  switch (event.kind) {
    case "doing":
      return {
        ...event,
        what: `batch ${size}: ${event.what}`,
        fraction: (index + event.fraction) / sizes,
      };
    case "failed":
      return { ...event, failure: { ...event.failure, batch: size } };
    case "sampled":
      return event;
  }
}

/** Scales the rate with the batch: else a step would memorise a small one, and leave a loss of rounding. */
function resized(workload: Workload, batch: number): Workload {
  return { ...workload, batch, learningRate: workload.learningRate * Math.min(1, batch / workload.batch) };
}

function firstRows({ x, bytes, labels }: Batch, rows: number, features: number): Batch {
  return {
    x: x.slice(0, rows * features),
    ...(bytes && { bytes: bytes.slice(0, rows * features) }),
    labels: labels.slice(0, rows),
  };
}
