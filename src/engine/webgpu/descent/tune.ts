/** Times the candidate kernels on the rows themselves, once for each device and kind of problem. */
import { DeviceError } from "../../../core/errors.js";
import { range } from "../../../core/random.js";
import type { DescentProblem } from "../../descent.js";
import type { RowHead } from "../../../core/rows.js";
import { type KernelChoice, type DescentShape, choices, nameOf } from "../kernels/choice.js";
import type { Gpu } from "../device/device.js";
import { GpuPasses, descentOf } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { shapeOf, tiling } from "../kernels/tiling.js";

/** Milliseconds after which no further candidate is timed. */
const BUDGET_MS = 300;
/** Blocks per submission, and timed submissions per candidate, of which the fastest counts. */
const BLOCKS = 4;
const REPEATS = 3;
/** The table's choice is kept unless another takes less than this share of its time: less may be noise. */
const MARGIN = 0.95;

/**
 * Returns the fastest choice. Trainings of one kind that start at the same time await the first one's timing.
 * On a software adapter compiling takes longer than it would gain, so the table
 * decides there: its figures are in docs/figures/kernels.md.
 */
export async function tuned(placed: GpuRows, problem: DescentProblem): Promise<KernelChoice> {
  const { rows, gpu } = placed;
  const { capacity, state } = gpu;
  const shape = shapeOf(rows, problem.classes, problem.batchSize, capacity);
  const candidates = choices(shape, capacity);
  if (capacity.slow || candidates.length === 1) return candidates[0];

  const { tuned: known } = state;
  const key = kindOf(rows, shape, candidates);
  for (let timing = known.get(key); timing; timing = known.get(key)) {
    const choice = await timing.catch(() => undefined); // that error is for the training that timed
    if (choice) return choice;
  }
  const timing = fastest(placed, problem, candidates);
  known.set(key, timing);
  timing.catch(() => known.delete(key));
  return timing;
}

/**
 * Returns a key for problems that share a choice: the same candidates, sharding and element type, and about
 * as many features, classes and rows per batch.
 */
function kindOf(
  { x }: RowHead,
  { features4, classes, batchSize, gathered }: DescentShape,
  candidates: readonly KernelChoice[],
): string {
  const size = (n: number) => Math.round(Math.log2(n));
  return [
    ...candidates.map(nameOf),
    size(features4),
    size(classes),
    size(batchSize),
    gathered,
    x.BYTES_PER_ELEMENT,
  ].join(", ");
}

/** Times the candidates. Leaves out those that fail; if all do, throws the error of the first. */
async function fastest(
  placed: GpuRows,
  problem: DescentProblem,
  candidates: readonly KernelChoice[],
): Promise<KernelChoice> {
  const { rows, gpu: parent } = placed;
  const began = performance.now();
  let best: { readonly choice: KernelChoice; readonly milliseconds: number } | undefined;
  const failures: DeviceError[] = [];
  for (const choice of candidates) {
    if (best && performance.now() - began > BUDGET_MS) break;
    const cut = tiling(rows, problem.classes, problem.batchSize, parent.capacity, choice);
    const common = { placed, problem, tiling: cut };
    const gpu = parent.fork(descentOf(common));
    try {
      const passes = await GpuPasses.create({ gpu, ...common });
      const milliseconds = await timed(gpu, passes, rows);
      const margin = best?.choice === candidates[0] ? MARGIN : 1;
      if (!best || milliseconds < best.milliseconds * margin) best = { choice, milliseconds };
    } catch (error) {
      parent.check(); // a device that is lost runs no candidate
      if (!(error instanceof DeviceError)) throw error;
      failures.push(error);
    } finally {
      gpu.release();
    }
  }
  if (!best) throw failures[0];
  return best.choice;
}

/** Returns the milliseconds that a block takes, with weights of zero. */
async function timed(gpu: Gpu, passes: GpuPasses, rows: RowHead): Promise<number> {
  const count = Math.min(rows.count, passes.tiling.blockRows);
  const first = passes.orders.place(range(count));
  const units = Array.from({ length: BLOCKS }, () => ({
    block: { first, rows: count, number: 0, last: true },
  }));
  await passes.prepare("train");
  const { queue } = gpu.device;
  gpu.run(() => passes.write("train", units));
  let fastest = Infinity;
  for (let repeat = 0; repeat <= REPEATS; repeat++) {
    const began = gpu.run(() => {
      const encoder = gpu.device.createCommandEncoder({ label: "tuning" });
      const pass = encoder.beginComputePass({ label: "tuning" });
      passes.encode(pass, "train", units);
      pass.end();
      const before = performance.now();
      queue.submit([encoder.finish()]);
      return before;
    });
    await gpu.answered(queue.onSubmittedWorkDone());
    if (repeat > 0) fastest = Math.min(fastest, (performance.now() - began) / BLOCKS); // the first warms up
  }
  return fastest;
}
