/** Times the candidate kernels of steps on the rows themselves. */
import { range } from "../../../core/random.js";
import type { DescentProblem } from "../../descent.js";
import { type KernelChoice, choices } from "../kernels/choice.js";
import type { Gpu } from "../device/device.js";
import type { Unit } from "../kernels/blocks.js";
import { GpuPasses, descentOf } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { shapeOf } from "../kernels/cut.js";
import { cutSteps } from "../kernels/cut-steps.js";
import type { Candidate } from "../kernels/tournament.js";

/**
 * Returns the fastest choice. On a software adapter compiling takes longer than it would gain, so the table
 * decides there: its figures are in docs/figures/kernels.md.
 */
export async function tuned(placed: GpuRows, problem: DescentProblem): Promise<KernelChoice> {
  const { rows, gpu } = placed;
  const { capacity } = gpu;
  const shape = shapeOf(rows, problem.classes, problem.batchSize, capacity);
  const candidates = choices(shape, capacity);
  if (capacity.slow || candidates.length === 1) return candidates[0];
  const { tunedChoice } = await import("../kernels/tuned.js");
  return tunedChoice({
    gpu,
    purpose: "steps",
    rows,
    shape,
    candidates,
    open: (choice) => open(placed, problem, choice),
  });
}

/** A step that leaves weights of zero as they are. */
const STANDSTILL = { learningRate: 0, gradientScale: 0, penalty: 0, correction1: 1, correction2: 1 };

/** Compiles the passes of a choice, with weights of zero, to run blocks of the first rows. */
async function open(placed: GpuRows, problem: DescentProblem, choice: KernelChoice): Promise<Candidate> {
  const { rows, gpu: parent } = placed;
  const cut = cutSteps(rows, problem.classes, problem.batchSize, parent.capacity, choice);
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
