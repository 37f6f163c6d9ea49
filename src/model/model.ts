import { isList } from "../data/arrays.js";
import { type TrainingData, dataset } from "../data/dataset.js";
import { type Features, checkSizes, createFeatureRows } from "../data/features.js";
import { checkFields } from "../data/fields.js";
import type { Label } from "../data/labels.js";
import { type FeatureRows, type Rows, weighedRows } from "../core/rows.js";
import { range } from "../core/random.js";
import { logits } from "../math/passes.js";
import { DataError, OptionError } from "../core/errors.js";
import type { Parity } from "../parity/stages.js";
import type { EpochRecord } from "../core/progress.js";
import { show } from "../core/show.js";
import type { Warning } from "../core/warnings.js";
import { type Affine, featureBlock } from "./affine.js";
import { blocks } from "../math/row-blocks.js";
import { temperatureOf } from "./calibration.js";
import { type Evaluation, evaluation } from "./evaluation.js";
import { type ExampleScores, exampleScores } from "./examples.js";
import { type ModelJson, toJson, toText } from "./formats/json.js";
import { type LabelErrors, labelErrors } from "./label-errors.js";
import type { ModelParts } from "./parts.js";
import { softmax } from "../math/softmax.js";
import { type Statistics, type StatisticsOptions, statistics } from "./statistics/statistics.js";

/** Rows of features beside what is known of them. */
interface InputRows {
  readonly x: Features;
  /** Features in a row of x. Default: as many as the model has; other than that is a DataError. */
  readonly features?: number;
  /** What a unit of a byte means. Default: what it meant in training. */
  readonly scale?: number;
}

/** Rows of features to predict for. */
export type Inputs = Features | InputRows;

export interface Calibration<L extends Label = Label> {
  /** The model with its weights and intercept divided by the temperature. */
  readonly model: SoftmaxModel<L>;
  /** Above 1 where the model was too sure, below 1 where it was not sure enough. */
  readonly temperature: number;
}

/** Labelled examples, whose labels are among the model's classes. */
type Examples<L extends Label> = Omit<TrainingData<L>, "classes">;

/** A trained classifier. It is plain data and predicts anywhere, in f64, without a device. */
export class SoftmaxModel<L extends Label = Label> implements ModelParts<L> {
  readonly classes: readonly L[];
  readonly features: number;
  readonly scale?: number;
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly origin?: Float64Array;
  readonly history: readonly EpochRecord[];
  readonly converged: boolean;
  readonly reason: string;
  readonly iterations: number;
  readonly warnings: readonly Warning[];
  readonly engine: ModelParts["engine"];
  readonly parity?: Parity;

  constructor(parts: ModelParts<L>) {
    this.classes = parts.classes;
    this.features = parts.features;
    if (parts.scale !== undefined) this.scale = parts.scale;
    this.weights = parts.weights;
    this.bias = parts.bias;
    if (parts.origin) this.origin = parts.origin;
    this.history = parts.history;
    this.converged = parts.converged;
    this.reason = parts.reason;
    this.iterations = parts.iterations;
    this.warnings = parts.warnings;
    this.engine = parts.engine;
    if (parts.parity) this.parity = parts.parity;
  }

  /**
   * (x − origin)·W + b. Returns (rows, classes). Throws a DataError when x has other features than the model,
   * or is so large that a logit is no finite number.
   */
  logits(x: Inputs): Float64Array {
    return this.#logits(this.#rows(x));
  }

  /** softmax of the logits, each row adding up to 1. Returns (rows, classes). */
  predictProba(x: Inputs): Float64Array {
    const z = this.logits(x);
    softmax(z, this.classes.length);
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
  evaluate(data: Examples<L>): Evaluation<L> {
    const rows = weighedRows(this.#labelled(data));
    return evaluation(this.#logits(rows), rows.labels, this.classes, rows.weights);
  }

  /** Loss, margin and gradient of each example, in one pass that keeps no logits. */
  examples(data: Examples<L>): ExampleScores {
    return exampleScores(this.#eachLabelled(data), this.#affine());
  }

  /** The examples in the order of how likely their label is wrong, the likeliest first. Best on rows that were not trained on. */
  labelErrors(data: Examples<L>): LabelErrors {
    return labelErrors(this.#eachLabelled(data), this.#affine());
  }

  /**
   * Scales the logits so that the probabilities fit examples that were not trained on (Guo et al. 2017). Predictions stay.
   * Throws a DataError when no temperature is best, as when the model is right on all of them.
   */
  calibrate(data: Examples<L>): Calibration<L> {
    const rows = weighedRows(this.#labelled(data));
    const temperature = temperatureOf(rows, this.#logits(rows), this.classes.length);
    const weights = this.weights.map((weight) => weight / temperature);
    const bias = this.bias.map((one) => one / temperature);
    return { model: new SoftmaxModel({ ...this, weights, bias }), temperature };
  }

  /**
   * Standard errors, z and p-values of the coefficients, as contrasts with the first class. `data` is what the model was
   * trained on, to its optimum. Rejects with a DataError where the data do not say what a coefficient is.
   */
  async statistics(data: Examples<L>, options: StatisticsOptions = {}): Promise<Statistics<L>> {
    const rows = weighedRows(this.#labelled(data));
    const x = rows.x.slice(); // the caller's may change while this waits
    return statistics({ ...rows, x }, this.#affine(), this.classes, options);
  }

  /**
   * The model as a plain object, which `loadModel` reads: `JSON.stringify(model)` is a model file, and exact.
   */
  toJSON(): ModelJson {
    return toJson(this);
  }

  /**
   * The model as a file. "json" is readable and exact: a row of weights a line, with the digits that each
   * number needs.
   */
  save(format: "json" = "json"): Uint8Array<ArrayBuffer> {
    if (format !== "json") throw new OptionError(`format is ${show(format)}, and must be "json".`);
    return new TextEncoder().encode(toText(this));
  }

  #labelled(data: Examples<L>): Rows {
    const { rows, targets } = dataset(data, "", this);
    if (targets) {
      throw new DataError("y is soft targets, and a model is judged by labels: give the label of each row.");
    }
    return rows;
  }

  /** Rows that are looked at one by one: those of weight 0 have to hold features too. */
  #eachLabelled(data: Examples<L>): Rows {
    const rows = this.#labelled(data);
    checkSizes(rows, "", this);
    return rows;
  }

  #rows(inputs: Inputs): FeatureRows {
    const bare = isList(inputs) || inputs === undefined;
    if (!bare) checkFields(inputs, "");
    const rows = createFeatureRows(bare ? { x: inputs } : inputs, "", this);
    checkSizes(rows, "", this);
    return rows;
  }

  #affine(): Affine {
    const weights = new Float64Array(this.weights.length + this.bias.length);
    weights.set(this.weights);
    weights.set(this.bias, this.weights.length);
    return { classes: this.classes.length, weights, ...(this.origin && { origin: this.origin }) };
  }

  #logits(rows: FeatureRows): Float64Array {
    const { classes, weights, origin } = this.#affine();
    const z = new Float64Array(rows.count * classes);
    for (const block of blocks(rows, classes)) {
      const part = featureBlock(rows, block, origin);
      z.set(logits(part, range(part.count), weights, classes), block[0] * classes);
    }
    const bad = z.findIndex((one) => !Number.isFinite(one));
    if (bad >= 0) {
      const row = Math.floor(bad / classes);
      throw new DataError(
        `The logit of row ${row} for class ${String(this.classes[bad % classes])} is ${z[bad]}: ` +
          "its features are too large for the model. Check that x has the units of the training.",
      );
    }
    return z;
  }
}
