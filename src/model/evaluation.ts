/**
 * Scores a model on labelled examples: loss, accuracy, confusion matrix, scores per class, calibration error.
 */
import type { Label } from "../data/labels.js";
import type { FloatArray } from "../core/rows.js";

/**
 * How good a model is on labelled examples, as `model.evaluate` returns it. Examples count by their weight.
 */
export interface Evaluation<L extends Label = Label> {
  /** Number of examples with a weight above 0. */
  readonly examples: number;
  /** Weighted mean of −log p of the true class. */
  readonly loss: number;
  /** Share of the weight whose most probable class is the true one. Ties go to the lower index. */
  readonly accuracy: number;
  /**
   * (classes, classes) `confusion[truth][prediction]`: total weight of those examples, in the order of the
   * model's classes.
   */
  readonly confusion: readonly (readonly number[])[];
  /** Scores of each class, in the order of the model's classes. */
  readonly perClass: readonly ClassScore<L>[];
  /** Expected calibration error over ten equal bins of the top probability (Guo et al. 2017). */
  readonly calibrationError: number;
}

/** Scores of one class. Examples count by their weight. */
export interface ClassScore<L extends Label = Label> {
  /** The class. */
  readonly label: L;
  /** Share of the examples predicted as this class that belong to it. NaN when none is predicted. */
  readonly precision: number;
  /** Share of the examples of this class that are predicted as it. NaN when there are none. */
  readonly recall: number;
  /** Harmonic mean of precision and recall, 2·hits / (predicted + support). NaN when both are 0. */
  readonly f1: number;
  /** Total weight of the examples of this class. */
  readonly support: number;
}

/** Bins of the calibration error. */
const BINS = 10;

/**
 * Scores logits, (rows, classes), against the true classes. `weights`, (rows), are above 0; default 1 each.
 */
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
