/** Areas under the ROC curves of a classifier, each class against the rest. */
import { range } from "../core/random.js";
import type { RowHead } from "../core/rows.js";
import type { LogitBlock } from "./engine-logits.js";
import { sumOfPowers } from "./logits.js";

/**
 * Areas under the ROC curves by probability, each class against the rest (Hanley & McNeil 1982). Examples
 * count by their weight, and a tie counts half.
 */
export interface RocAuc {
  /** (classes) NaN for a class that has no examples, or all of them. */
  readonly perClass: readonly number[];
  /** Mean over the classes that have an area. */
  readonly macro: number;
  /** The same, weighted by the weight of each class's examples. */
  readonly weighted: number;
}

/** Most probabilities that are kept at a time. */
const KEPT = 2 ** 24;

/** Computes the areas in as many passes over the logits as keep few probabilities at a time. */
export async function rocAuc(
  rows: Pick<RowHead, "count" | "labels" | "weights">,
  classes: number,
  blocks: () => AsyncIterable<LogitBlock>,
): Promise<RocAuc> {
  const perClass: number[] = [];
  const some = Math.max(1, Math.floor(KEPT / rows.count));
  for (let first = 0; first < classes; first += some) {
    const past = Math.min(classes, first + some);
    const scores = Array.from({ length: past - first }, () => new Float64Array(rows.count));
    for await (const block of blocks()) addProbabilities(scores, first, block, classes);
    scores.forEach((one, c) => perClass.push(areaOf(one, rows, first + c)));
  }
  const support = new Float64Array(classes);
  for (let row = 0; row < rows.count; row++) support[rows.labels[row]] += rows.weights?.[row] ?? 1;
  const known = perClass.flatMap((area, c) => (Number.isNaN(area) ? [] : [{ area, weight: support[c] }]));
  const total = known.reduce((sum, { weight }) => sum + weight, 0);
  return {
    perClass,
    macro: known.reduce((sum, { area }) => sum + area, 0) / known.length,
    weighted: known.reduce((sum, { area, weight }) => sum + area * weight, 0) / total,
  };
}

/** Writes the probabilities of the classes from `from` on. scores: (some classes) each (rows) */
function addProbabilities(
  scores: readonly Float64Array[],
  from: number,
  { first, count, z }: LogitBlock,
  classes: number,
): void {
  for (let n = 0; n < count; n++) {
    const row = z.subarray(n * classes, (n + 1) * classes);
    const [max, sum] = sumOfPowers(row);
    scores.forEach((score, c) => (score[first + n] = Math.exp(row[from + c] - max) / sum));
  }
}

/** The share of pairs of one row of the class and one of the rest that the score puts in order, by weight. */
function areaOf(
  scores: Float64Array,
  { count, labels, weights }: Pick<RowHead, "count" | "labels" | "weights">,
  label: number,
): number {
  const order = range(count).sort((a, b) => scores[a] - scores[b]);
  let [below, ordered, own] = [0, 0, 0];
  for (let n = 0; n < count;) {
    let [ownHere, othersHere] = [0, 0]; // of the rows with this score
    const score = scores[order[n]];
    for (; n < count && scores[order[n]] === score; n++) {
      const weight = weights ? weights[order[n]] : 1;
      if (labels[order[n]] === label) ownHere += weight;
      else othersHere += weight;
    }
    ordered += ownHere * (below + othersHere / 2);
    below += othersHere;
    own += ownHere;
  }
  return ordered / (own * below); // 0 / 0 where there are no pairs
}
