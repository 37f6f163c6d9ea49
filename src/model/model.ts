/** The trained model: predicts and saves. What it says of labelled examples is loaded on demand. */
import type { ReasonCode, EpochRecord } from "../core/progress.js";
import { isList } from "../core/checks.js";
import { copyData } from "../data/copied.js";
import { type Features, checkSizes, createFeatureRows } from "../data/features.js";
import { checkFields } from "../data/fields.js";
import type { Label } from "../data/labels.js";
import type { FeatureRows } from "../core/rows.js";
import { OptionError } from "../core/errors.js";
import type { Parity } from "../parity/stages.js";
import { show } from "../core/show.js";
import type { Warning } from "../core/warnings.js";
import type { Evaluation } from "./evaluation.js";
import type { ExampleScores } from "./examples.js";
import type { FormatName } from "./formats/formats.js";
import { type ModelJson, toJson } from "./formats/json.js";
import type { LabelErrors } from "./label-errors.js";
import type { LabelledData } from "./labelled.js";
import { logitsOf } from "./logits.js";
import type { ModelParts } from "./parts.js";
import { softmax } from "../math/softmax.js";
import type { Statistics, StatisticsOptions } from "./statistics/statistics.js";

/** Rows of features, with their width and scale where those need to be said. */
interface InputRows {
  /** Rows of features: a flat typed array, row after row, or an array of rows. */
  readonly x: Features;
  /** Features in a row of a flat x. Default: as many as the model has. Any other number is a DataError. */
  readonly features?: number;
  /**
   * Value of a unit of a byte: features are `scale · byte`. Default: the scale of the training. For bytes
   * only.
   */
  readonly scale?: number;
}

/** Rows of features to predict for: rows alone, or `{ x, features?, scale? }`. */
export type Inputs = Features | InputRows;

/** The result of `model.calibrate`. */
export interface Calibration<L extends Label = Label> {
  /** The model with its weights and bias divided by the temperature. */
  readonly model: SoftmaxModel<L>;
  /**
   * The temperature T > 0: above 1 where the model was overconfident, below 1 where it was underconfident.
   */
  readonly temperature: number;
}

/**
 * A trained softmax classifier, Z = (X − origin)·W + b. It is plain data and predicts anywhere, in f64,
 * without a device. {@link ModelParts} documents the fields.
 *
 * @example
 * ```ts
 * const model = await train({ x, y });
 * model.predict([[5.1, 3.5, 1.4, 0.2]]); // labels, of the type that y has
 * model.predictProba([[5.1, 3.5, 1.4, 0.2]]); // Float64Array, (rows, classes)
 * (await model.evaluate({ x: testX, y: testY })).accuracy;
 * ```
 */
export class SoftmaxModel<L extends Label = Label> implements ModelParts<L> {
  readonly classes: readonly L[];
  readonly features: number;
  readonly scale?: number;
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly origin?: Float64Array;
  readonly offsets?: true;
  readonly history: readonly EpochRecord[];
  readonly converged: boolean;
  readonly reason: string;
  readonly reasonCode?: ReasonCode;
  readonly iterations: number;
  readonly warnings: readonly Warning[];
  readonly engine: ModelParts["engine"];
  readonly parity?: Parity;

  /**
   * Makes a model of its parts, which are neither checked nor copied. `train` and `loadModel` make models
   * that are checked.
   *
   * @param parts weights, bias and what is known of the training
   */
  constructor(parts: ModelParts<L>) {
    this.classes = parts.classes;
    this.features = parts.features;
    if (parts.scale !== undefined) this.scale = parts.scale;
    this.weights = parts.weights;
    this.bias = parts.bias;
    if (parts.origin) this.origin = parts.origin;
    if (parts.offsets) this.offsets = parts.offsets;
    this.history = parts.history;
    this.converged = parts.converged;
    this.reason = parts.reason;
    if (parts.reasonCode) this.reasonCode = parts.reasonCode;
    this.iterations = parts.iterations;
    this.warnings = parts.warnings;
    this.engine = parts.engine;
    if (parts.parity) this.parity = parts.parity;
  }

  /**
   * Computes the logits (x − origin)·W + b.
   *
   * @param x rows of features
   * @returns (rows, classes), flat, row by row, in the order of `classes`
   * @throws {DataError} when x has another number of features than the model, holds a value that is not
   * finite, is bytes where the model was trained on floats and no scale is given, or is so large that a logit
   * is not finite
   */
  logits(x: Inputs): Float64Array {
    return logitsOf(this, this.#rows(x));
  }

  /**
   * Computes the class probabilities, the softmax of the logits.
   *
   * @param x rows of features
   * @returns (rows, classes), flat, row by row; each row sums to 1
   * @throws {DataError} as `logits` does
   */
  predictProba(x: Inputs): Float64Array {
    const z = this.logits(x);
    softmax(z, this.classes.length);
    return z;
  }

  /**
   * Predicts the most probable class of each row. Ties go to the class that comes first in `classes`.
   *
   * @param x rows of features
   * @returns (rows) labels, of the type that the training labels had
   * @throws {DataError} as `logits` does
   */
  predict(x: Inputs): L[] {
    const z = this.logits(x);
    const k = this.classes.length;
    return Array.from({ length: z.length / k }, (_, row) => {
      let top = 0;
      for (let c = 1; c < k; c++) if (z[row * k + c] > z[row * k + top]) top = c;
      return this.classes[top];
    });
  }

  /**
   * Scores the model on labelled examples: loss, accuracy, confusion matrix, scores of each class,
   * calibration error. Examples count by their weight. This method and those below copy the data before they
   * return their promise.
   *
   * @param data labelled examples; every label must be among the model's classes
   * @returns the scores of all examples together, and of each class
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets, and as `logits` does
   */
  async evaluate(data: LabelledData<L>): Promise<Evaluation<L>> {
    const copied = copyData(data);
    const { evaluateModel } = await import("./labelled.js");
    return evaluateModel(this, copied);
  }

  /**
   * Computes the loss, margin and gradient norm of each example, in one pass that keeps no logits.
   *
   * @param data labelled examples; rows of weight 0 are scored too
   * @returns arrays of (rows), in the order of the data
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets
   */
  async examples(data: LabelledData<L>): Promise<ExampleScores> {
    const copied = copyData(data);
    const { scoreExamples } = await import("./labelled.js");
    return scoreExamples(this, copied);
  }

  /**
   * Ranks the examples by how likely their label is wrong, most likely first. Works best on rows that were
   * not trained on.
   *
   * @param data labelled examples; rows of weight 0 are ranked too
   * @returns row numbers in ranked order, and their margins
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets
   */
  async labelErrors(data: LabelledData<L>): Promise<LabelErrors> {
    const copied = copyData(data);
    const { rankLabelErrors } = await import("./labelled.js");
    return rankLabelErrors(this, copied);
  }

  /**
   * Fits a temperature to examples that were not trained on: the logits are divided by it, so that the
   * probabilities fit better (Guo et al. 2017). Predicted classes do not change.
   *
   * @param data labelled examples that the model was not trained on
   * @returns the temperature, and a new model with weights and bias divided by it
   * @throws {DataError} as a rejection, when no temperature is best, as where the model is right on every
   * example, when the data are faulty, or when y is soft targets
   */
  async calibrate(data: LabelledData<L>): Promise<Calibration<L>> {
    const copied = copyData(data);
    const { fitTemperature } = await import("./labelled.js");
    const temperature = fitTemperature(this, copied);
    const weights = this.weights.map((weight) => weight / temperature);
    const bias = this.bias.map((one) => one / temperature);
    return { model: new SoftmaxModel({ ...this, weights, bias }), temperature };
  }

  /**
   * Computes standard errors, z and p-values of the coefficients, as contrasts with the first class.
   *
   * @param data the examples that the model was trained on, to its optimum
   * @param options the penalty and intercept of the training. Default: no penalty, with an intercept; but
   * lbfgs and newton train with C = 1 unless told otherwise, which is an l2 of 1 / total weight here.
   * @returns the statistics, as arrays of (features + 1, classes − 1)
   * @throws {DataError | OptionError} as a rejection: a DataError where the data do not identify a
   * coefficient, the classes are separable, the weights are not the optimum for these rows and this penalty,
   * or there are more than 4000 coefficients; an OptionError for a faulty option
   */
  async statistics(data: LabelledData<L>, options: StatisticsOptions = {}): Promise<Statistics<L>> {
    const copied = copyData(data);
    const { computeStatistics } = await import("./labelled.js");
    return computeStatistics(this, copied, options);
  }

  /**
   * Returns the model as a plain object that `loadModel` reads. `JSON.stringify(model)` is a model file, and
   * exact.
   *
   * @returns an object of plain data that JSON can hold
   */
  toJSON(): ModelJson {
    return toJson(this);
  }

  /**
   * Writes the model as the bytes of a file that `loadModel` reads. "json" is readable and exact: one line
   * per row of weights, each number with the digits that it needs.
   *
   * @param format the file format, "json" (default)
   * @returns the bytes of the file
   * @throws {OptionError} as a rejection, when the format is another
   */
  async save(format: FormatName = "json"): Promise<Uint8Array<ArrayBuffer>> {
    const { FORMATS, isFormat } = await import("./formats/formats.js");
    if (isFormat(format)) return FORMATS[format].write(this);
    const names = Object.keys(FORMATS).map((name) => `"${name}"`);
    throw new OptionError(`format is ${show(format)}, and must be ${names.join(" or ")}.`);
  }

  #rows(inputs: Inputs): FeatureRows {
    const bare = isList(inputs) || inputs === undefined;
    if (!bare) checkFields(inputs, "");
    const rows = createFeatureRows(bare ? { x: inputs } : inputs, "", this);
    checkSizes(rows, "", this);
    return rows;
  }
}
