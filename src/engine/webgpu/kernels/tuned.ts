/** Finds which kernels are fastest, once for each kind of adapter and of problem. */
import type { RowHead } from "../../../core/rows.js";
import type { Gpu } from "../device/device.js";
import { type DescentShape, type KernelChoice, nameOf } from "./choice.js";
import { keepChoice, recallChoice } from "./kept-choices.js";
import { type Candidate, fastest } from "./tournament.js";

/** A problem whose kernels are chosen by timing. */
export interface Tuning {
  readonly gpu: Gpu;
  /** What the kernels are for: products of steps are not timed as those of an objective. */
  readonly purpose: "steps" | "objective";
  readonly rows: RowHead;
  readonly shape: DescentShape;
  /** The table's choice first. */
  readonly candidates: readonly KernelChoice[];
  readonly open: (choice: KernelChoice) => Promise<Candidate>;
}

/** Returns the fastest choice. Problems of one kind that start together await the first one's timing. */
export async function tunedChoice(tuning: Tuning): Promise<KernelChoice> {
  const { gpu } = tuning;
  const { tuned: known } = gpu.state;
  const key = kindOf(tuning);
  for (let timing = known.get(key); timing; timing = known.get(key)) {
    const choice = await timing.catch(() => undefined); // that error is for the training that timed
    if (choice) return choice;
  }
  const timing = recalledOrTimed(tuning, `${gpu.adapter}, ${key}`);
  known.set(key, timing);
  timing.catch(() => known.delete(key));
  return timing;
}

/** Returns the choice of an earlier visit to the page, or times the candidates. */
async function recalledOrTimed({ gpu, candidates, open }: Tuning, key: string): Promise<KernelChoice> {
  const name = await recallChoice(key);
  const recalled = candidates.find((choice) => nameOf(choice) === name);
  if (recalled) return recalled;
  const choice = await fastest(candidates, open, () => gpu.check());
  void keepChoice(key, nameOf(choice));
  return choice;
}

/**
 * Returns a key for problems that share a choice: the same candidates, sharding and element type, and about
 * as many features, classes and rows per batch.
 */
function kindOf({ purpose, rows, shape, candidates }: Tuning): string {
  const { features4, classes, batchSize, gathered } = shape;
  const sizes = [features4, classes, batchSize].map((n) => Math.round(Math.log2(n)));
  return [purpose, ...candidates.map(nameOf), ...sizes, gathered, rows.x.BYTES_PER_ELEMENT].join(", ");
}
