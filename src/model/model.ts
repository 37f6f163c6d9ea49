import { type Features, type TrainingData, dataset, featureRows } from "../data/dataset.js";
import { range } from "../data/random.js";
import type { Label } from "../data/labels.js";
import type { FeatureRows } from "../engine/engine.js";
import { logits } from "../engine/reference/passes.js";
import { DataError, OptionError } from "../errors.js";
import type { Parity } from "../parity.js";
import type { EpochRecord } from "../progress.js";
import { type Evaluation, evaluation } from "./evaluation.js";
import { toJson } from "./json.js";
import type { ModelParts } from "./parts.js";

/** Rows of features to predict for. Bytes mean what they meant in training, or what `scale` says. */
export type Inputs = Features | { readonly x: Features; readonly scale?: number };

/** Rows that predictions are computed for at a time. */
const BLOCK = 4096;

/** A trained classifier. It is plain data and predicts anywhere, in f64, without a device. */
export class SoftmaxModel<L extends Label = Label> implements ModelParts<L> {
  readonly classes: readonly L[];
  readonly features: number;
  readonly scale?: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly history: readonly EpochRecord[];
  readonly converged: boolean;
  readonly reason: string;
  readonly iterations: number;
  readonly engine: ModelParts["engine"];
  readonly parity?: Parity;

  constructor(parts: ModelParts<L>) {
    this.classes = parts.classes;
    this.features = parts.features;
    if (parts.scale !== undefined) this.scale = parts.scale;
    this.weights = parts.weights;
    this.bias = parts.bias;
    this.history = parts.history;
    this.converged = parts.converged;
    this.reason = parts.reason;
    this.iterations = parts.iterations;
    this.engine = parts.engine;
    if (parts.parity) this.parity = parts.parity;
  }

  /** x·W + b. Returns (rows, classes). Throws a DataError when x has other features than the model. */
  logits(x: Inputs): Float64Array {
    return this.#logits(this.#rows(x));
  }

  /** softmax(x·W + b), each row adding up to 1. Returns (rows, classes). */
  predictProba(x: Inputs): Float64Array {
    const z = this.logits(x);
    const k = this.classes.length;
    for (let first = 0; first < z.length; first += k) {
      const row = z.subarray(first, first + k);
      const max = row.reduce((a, b) => Math.max(a, b), -Infinity);
      let sum = 0;
      for (let c = 0; c < k; c++) sum += row[c] = Math.exp(row[c] - max);
      for (let c = 0; c < k; c++) row[c] /= sum;
    }
    return z;
  }

  /** The most probable class of each row, as the label it came in as; the first of equals. */
  predict(x: Inputs): L[] {
    const z = this.logits(x);
    const k = this.classes.length;
    return Array.from({ length: z.length / k }, (_, row) => {
      let top = 0;
      for (let c = 1; c < k; c++) if (z[row * k + c] > z[row * k + top]) top = c;
      return this.classes[top];
    });
  }

  /** Loss, accuracy, confusion matrix, scores of each class, calibration. Labels must be among the model's classes. */
  evaluate(data: Omit<TrainingData<L>, "classes">): Evaluation<L> {
    const { rows } = dataset({ features: this.features, ...this.#scaled(data), classes: this.classes });
    this.#checkFeatures(rows.features);
    return evaluation(this.#logits(rows), rows.labels, this.classes, rows.weights);
  }

  /** The model as a file. "json" is readable and exact: each weight is written with the nine digits that an f32 needs. */
  save(format: "json" = "json"): Uint8Array<ArrayBuffer> {
    if (format !== "json") throw new OptionError(`format is ${JSON.stringify(format)}, and must be "json".`);
    return new TextEncoder().encode(toJson(this));
  }

  #rows(inputs: Inputs): FeatureRows {
    const given = "x" in inputs ? inputs : { x: inputs };
    const rows = featureRows(this.#scaled({ ...given, features: this.features }), "");
    this.#checkFeatures(rows.features);
    return rows;
  }

  /** Bytes mean what they meant in training. Throws a DataError when there were none, and nothing says what they mean. */
  #scaled<T extends { readonly x: Features; readonly scale?: number }>(data: T): T {
    if (!(data.x instanceof Uint8Array) || data.scale !== undefined) return data;
    if (this.scale === undefined) {
      throw new DataError(
        "x is bytes, but the model was trained on floats: pass scale, what a byte means, beside x.",
      );
    }
    return { ...data, scale: this.scale };
  }

  #checkFeatures(features: number): void {
    if (features === this.features) return;
    throw new DataError(`x has rows of ${features} features, but the model was trained on ${this.features}.`);
  }

  #logits(rows: FeatureRows): Float64Array {
    const { classes, features } = this;
    const stacked = new Float32Array((features + 1) * classes.length);
    stacked.set(this.weights);
    stacked.set(this.bias, features * classes.length);
    const z = new Float64Array(rows.count * classes.length);
    const order = range(rows.count);
    for (let first = 0; first < rows.count; first += BLOCK) {
      z.set(
        logits(rows, order.subarray(first, first + BLOCK), stacked, classes.length),
        first * classes.length,
      );
    }
    return z;
  }
}
