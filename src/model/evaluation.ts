/** Scores of a model on labelled examples, added up block by block. */
import type { Label } from "../data/labels.js";
import type { FloatArray, RowHead } from "../core/rows.js";
import type { RocAuc } from "./roc-auc.js";

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
  /** Share of the weight whose true class is among the `k` most probable ones, k = `topK` or 5. */
  readonly topK: { readonly k: number; readonly accuracy: number };
  /** Weighted mean of ‖p − y‖², from 0 to 2 (Brier 1950). */
  readonly brier: number;
  /**
   * (classes, classes) `confusion[truth][prediction]`: total weight of those examples, in the order of the
   * model's classes. Absent above 1,000 classes: see `confusionEntries`.
   */
  readonly confusion?: readonly (readonly number[])[];
  /** The entries of the confusion matrix that are not 0, by truth and prediction. */
  readonly confusionEntries: readonly ConfusionEntry<L>[];
  /** Scores of each class, in the order of the model's classes. */
  readonly perClass: readonly ClassScore<L>[];
  /** Expected calibration error over ten equal bins of the top probability (Guo et al. 2017). */
  readonly calibrationError: number;
  /** Areas under the ROC curves. Present with `auc: true`. */
  readonly auc?: RocAuc;
}

/** Total weight of the examples of class `truth` that are predicted as `prediction`. */
export interface ConfusionEntry<L extends Label = Label> {
  /** The true class. */
  readonly truth: L;
  /** The predicted class. */
  readonly prediction: L;
  /** Total weight of these examples. */
  readonly weight: number;
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
/** Most classes whose confusion matrix is given in full. */
const FULL_CLASSES = 1000;

/** Adds up what `Evaluation` says. */
export class EvaluationSums<L extends Label> {
  readonly #classes: readonly L[];
  readonly #k: number;
  /** Total weights by truth · classes + prediction. */
  readonly #confusion = new Map<number, number>();
  readonly #bins = Array.from({ length: BINS }, () => ({ confidence: 0, hits: 0 }));
  #rows = 0;
  #weight = 0;
  #loss = 0;
  #brier = 0;
  #hitsInTop = 0;

  constructor(classes: readonly L[], k: number) {
    this.#classes = classes;
    this.#k = k;
  }

  /** Adds the logits of a block of rows, (rows, classes). `weights`, (rows), are above 0; default 1 each. */
  add(logits: FloatArray, { labels, weights }: Pick<RowHead, "labels" | "weights">): void {
    const k = this.#classes.length;
    for (let row = 0; row < labels.length; row++) {
      this.#addRow(logits, row * k, labels[row], weights ? weights[row] : 1);
    }
  }

  #addRow(logits: FloatArray, first: number, label: number, weight: number): void {
    const k = this.#classes.length;
    const own = logits[first + label];
    let top = 0;
    let ahead = 0; // classes that rank before the true one
    for (let c = 0; c < k; c++) {
      const z = logits[first + c];
      if (z > logits[first + top]) top = c;
      if (z > own || (z === own && c < label)) ahead++;
    }
    const max = logits[first + top];
    let sum = 0;
    let square = 0;
    for (let c = 0; c < k; c++) {
      const power = Math.exp(logits[first + c] - max);
      sum += power;
      square += power * power;
    }
    const p = Math.exp(own - max) / sum;
    this.#rows++;
    this.#weight += weight;
    this.#loss += weight * (Math.log(sum) + max - own);
    this.#brier += weight * Math.max(0, square / (sum * sum) - 2 * p + 1); // ‖p‖² − 2·p_y + 1
    if (ahead < this.#k) this.#hitsInTop += weight;
    const cell = label * k + top;
    this.#confusion.set(cell, (this.#confusion.get(cell) ?? 0) + weight);
    const bin = this.#bins[Math.min(BINS - 1, Math.floor(BINS / sum))];
    bin.confidence += weight / sum;
    bin.hits += top === label ? weight : 0;
  }

  /** Returns the scores of all rows that were added. */
  scores(): Evaluation<L> {
    const classes = this.#classes;
    const k = classes.length;
    const support = new Float64Array(k);
    const predicted = new Float64Array(k);
    const hits = new Float64Array(k);
    const cells = [...this.#confusion].toSorted(([a], [b]) => a - b);
    const entries = cells.map(([cell, weight]) => {
      const [truth, prediction] = [Math.floor(cell / k), cell % k];
      support[truth] += weight;
      predicted[prediction] += weight;
      if (truth === prediction) hits[truth] += weight;
      return { truth: classes[truth], prediction: classes[prediction], weight };
    });
    const off = this.#bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.hits), 0);
    return {
      examples: this.#rows,
      loss: this.#loss / this.#weight,
      accuracy: hits.reduce((a, b) => a + b, 0) / this.#weight,
      topK: { k: this.#k, accuracy: this.#hitsInTop / this.#weight },
      brier: this.#brier / this.#weight,
      ...(k <= FULL_CLASSES && { confusion: matrixOf(cells, k) }),
      confusionEntries: entries,
      perClass: classes.map((label, c) => ({
        label,
        precision: hits[c] / predicted[c],
        recall: hits[c] / support[c],
        f1: (2 * hits[c]) / (predicted[c] + support[c]),
        support: support[c],
      })),
      calibrationError: off / this.#weight,
    };
  }
}

function matrixOf(cells: readonly (readonly [cell: number, weight: number])[], k: number): number[][] {
  const matrix = Array.from({ length: k }, () => Array.from({ length: k }, () => 0));
  for (const [cell, weight] of cells) matrix[Math.floor(cell / k)][cell % k] = weight;
  return matrix;
}
