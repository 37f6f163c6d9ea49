/** Times the candidate kernels on the rows themselves, once for each device and kind of problem. */
import { range } from "../../../core/random.js";
import type { DescentProblem } from "../../descent.js";
import type { RowHead } from "../../../core/rows.js";
import { type KernelChoice, type DescentShape, choices, nameOf } from "../kernels/choice.js";
import type { Gpu } from "../device/device.js";
import type { Unit } from "../kernels/blocks.js";
import { GpuPasses, descentOf } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { shapeOf, tiling } from "../kernels/tiling.js";
import { type Candidate, fastest } from "../kernels/tournament.js";

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
  const timing = fastest(
    candidates,
    (choice) => open(placed, problem, choice),
    () => gpu.check(),
  );
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

/** A step that leaves weights of zero as they are. */
const STANDSTILL = { learningRate: 0, gradientScale: 0, penalty: 0, correction1: 1, correction2: 1 };

/** Compiles the passes of a choice, with weights of zero, to run blocks of the first rows. */
async function open(placed: GpuRows, problem: DescentProblem, choice: KernelChoice): Promise<Candidate> {
  const { rows, gpu: parent } = placed;
  const cut = tiling(rows, problem.classes, problem.batchSize, parent.capacity, choice);
  const common = { placed, problem, tiling: cut };
  const gpu = parent.fork(descentOf(common));
  try {
    const passes = await GpuPasses.create({ gpu, ...common });
    await passes.prepare("train");
    const count = Math.min(rows.count, cut.blockRows);
    const block = { first: passes.orders.place(range(count)), rows: count, number: 0, last: true };
    const units: Unit[] = [];
    const run = async (blocks: number) => {
      if (blocks > units.length) {
        while (units.length < blocks) units.push({ block, step: STANDSTILL });
        gpu.run(() => passes.write("train", units));
      }
      await runBlocks(gpu, passes, units.slice(0, blocks));
    };
    return { choice, most: passes.capacity, run, release: () => gpu.release() };
  } catch (cause) {
    gpu.release();
    throw cause;
  }
}

async function runBlocks(gpu: Gpu, passes: GpuPasses, units: readonly Unit[]): Promise<void> {
  const { device } = gpu;
  gpu.run(() => {
    const encoder = device.createCommandEncoder({ label: "tuning" });
    const pass = encoder.beginComputePass({ label: "tuning" });
    passes.encode(pass, "train", units);
    pass.end();
    device.queue.submit([encoder.finish()]);
  });
  await gpu.answered(device.queue.onSubmittedWorkDone());
}
