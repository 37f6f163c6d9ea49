import type { Label } from "../data/labels.js";
import type { FloatArray } from "../core/rows.js";

/** How good a model is on some labelled examples. */
export interface Evaluation<L extends Label = Label> {
  /** How many of a weight above 0. */
  readonly examples: number;
  /** Mean of −log of the probability given to the true class, by weight. */
  readonly loss: number;
  /** Share of the weight whose most probable class is the true one. */
  readonly accuracy: number;
  /** `confusion[truth][prediction]`: weight of the examples, in the order of the model's classes. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassScore<L>[];
  /** Expected calibration error over ten bins of the top probability (Guo et al. 2017). */
  readonly calibrationError: number;
}

export interface ClassScore<L extends Label = Label> {
  readonly label: L;
  /** Of the examples said to be of this class, the share that are. NaN when none were. */
  readonly precision: number;
  /** Of the examples of this class, the share that were found. NaN when there are none. */
  readonly recall: number;
  /** Harmonic mean of the two, 2·hits / (said + true). NaN when both are empty. */
  readonly f1: number;
  /** Weight of the examples of this class. */
  readonly support: number;
}

const BINS = 10;

/** Scores logits, (rows, classes), against the true classes; `weights` of the rows, above 0, default to 1. */
export function evaluation<L extends Label>(
  logits: Float64Array,
  labels: Uint32Array,
  classes: readonly L[],
  weights?: FloatArray,
): Evaluation<L> {
  const k = classes.length;
  const confusion = Array.from({ length: k }, () => Array.from({ length: k }, () => 0));
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, hits: 0 }));
  let loss = 0;
  let total = 0;
  labels.forEach((label, row) => {
    const z = logits.subarray(row * k, (row + 1) * k);
    const weight = weights ? weights[row] : 1;
    let top = 0;
    for (let c = 1; c < k; c++) if (z[c] > z[top]) top = c;
    let sum = 0;
    for (const zc of z) sum += Math.exp(zc - z[top]);
    loss += weight * (Math.log(sum) + z[top] - z[label]);
    total += weight;
    confusion[label][top] += weight;
    const bin = bins[Math.min(BINS - 1, Math.floor(BINS / sum))];
    bin.confidence += weight / sum;
    bin.hits += top === label ? weight : 0;
  });
  const hits = confusion.reduce((sum, row, c) => sum + row[c], 0);
  const perClass = classes.map((label, c) => {
    const support = confusion[c].reduce((a, b) => a + b, 0);
    const said = confusion.reduce((sum, row) => sum + row[c], 0);
    const found = confusion[c][c];
    return {
      label,
      precision: found / said,
      recall: found / support,
      f1: (2 * found) / (said + support),
      support,
    };
  });
  const calibrationError = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.hits), 0) / total;
  return {
    examples: labels.length,
    loss: loss / total,
    accuracy: hits / total,
    confusion,
    perClass,
    calibrationError,
  };
}
