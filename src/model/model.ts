/** The trained model: predicts and saves. What it says of labelled examples is loaded on demand. */
import type { ReasonCode, EpochRecord } from "../core/progress.js";
import { copyData } from "../data/copied.js";
import type { Label } from "../data/labels.js";
import { DataError, OptionError } from "../core/errors.js";
import type { Schema } from "../data/schema.js";
import type { Parity } from "../parity/stages.js";
import { show } from "../core/show.js";
import type { Warning } from "../core/warnings.js";
import type { Evaluation } from "./evaluation.js";
import type { ExampleScores } from "./examples.js";
import type { FormatName } from "./formats/formats.js";
import { type ModelJson, toJson } from "./formats/json.js";
import type { LabelErrors } from "./label-errors.js";
import type { ComputeOptions } from "./engine-logits.js";
import { type Inputs, createInputRows } from "./inputs.js";
import type { EvaluateOptions, LabelledData } from "./labelled.js";
import { forEachLogits, indexOfLargest, logitsOf } from "./logits.js";
import { checkParts } from "./check-parts.js";
import type { GivenParts, ModelOptions, ModelParts, TrainedOn } from "./parts.js";
import type { Predictor, PredictorOptions } from "./predictor.js";
import { softmax } from "../math/softmax.js";
import type { Statistics, StatisticsOptions } from "./statistics/statistics.js";

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
  readonly scale?: number | undefined;
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly origin?: Float64Array | undefined;
  readonly featureNames?: readonly string[] | undefined;
  readonly schema?: Schema | undefined;
  readonly offsets?: true | undefined;
  readonly options: ModelOptions;
  readonly version?: string | undefined;
  readonly data?: TrainedOn | undefined;
  readonly history: readonly EpochRecord[];
  readonly converged: boolean;
  readonly reason: string;
  readonly reasonCode?: ReasonCode | undefined;
  readonly iterations: number;
  readonly warnings: readonly Warning[];
  readonly engine: ModelParts["engine"];
  readonly parity?: Parity | undefined;

  /**
   * Makes a model of its parts, such as the coefficients of another library. Typed arrays are not copied.
   *
   * @param given classes, weights, and optionally bias, origin, scale and what is known of the training
   * @throws {DataError} where sizes disagree, a number is not finite, or classes are not distinct
   * @example
   * ```ts
   * // scikit-learn: weights = coef_.T, (features, classes), and bias = intercept_
   * const model = new SoftmaxModel({ classes: ["cat", "dog"], weights: [0.5, -0.5, 1, -1], bias: [0, 0.1] });
   * model.predict([[1, 2]]);
   * ```
   */
  constructor(given: GivenParts<L>) {
    const parts = checkParts(given);
    this.classes = parts.classes;
    this.features = parts.features;
    if (parts.scale !== undefined) this.scale = parts.scale;
    this.weights = parts.weights;
    this.bias = parts.bias;
    if (parts.origin) this.origin = parts.origin;
    if (parts.featureNames) this.featureNames = parts.featureNames;
    if (parts.schema) this.schema = parts.schema;
    if (parts.offsets) this.offsets = parts.offsets;
    this.options = parts.options;
    if (parts.version !== undefined) this.version = parts.version;
    if (parts.data) this.data = parts.data;
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
    return logitsOf(this, createInputRows(this, x));
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
    const labels: L[] = [];
    forEachLogits(this, createInputRows(this, x), (z) => labels.push(this.classes[indexOfLargest(z)]));
    return labels;
  }

  /**
   * Makes a predictor, which predicts for many rows on an engine.
   *
   * @param options where to compute. By default the fastest engine of the machine, or f64 on the calling
   * thread for a few rows.
   * @returns the predictor
   * @throws {OptionError} as a rejection, for a faulty option
   */
  async predictor(options: PredictorOptions = {}): Promise<Predictor<L>> {
    const { Predictor } = await import("./predictor.js");
    return new Predictor(this, options);
  }

  /**
   * Scores the model on labelled examples: loss, accuracy, confusion matrix, scores of each class,
   * calibration error. Examples count by their weight. This method and those below copy the data before they
   * return their promise.
   *
   * @param data labelled examples; every label must be among the model's classes
   * @param options scores to compute, and where
   * @returns the scores of all examples together, and of each class
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets, and as `logits` does
   */
  async evaluate(data: LabelledData<L>, options: EvaluateOptions = {}): Promise<Evaluation<L>> {
    const copied = copyData(data);
    const { evaluateModel } = await import("./labelled.js");
    return evaluateModel(this, copied, options);
  }

  /**
   * Computes the loss, margin and gradient norm of each example, in one pass that keeps no logits.
   *
   * @param data labelled examples; rows of weight 0 are scored too
   * @param options where to compute
   * @returns arrays of (rows), in the order of the data
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets
   */
  async examples(data: LabelledData<L>, options: ComputeOptions = {}): Promise<ExampleScores> {
    const copied = copyData(data);
    const { scoreExamples } = await import("./labelled.js");
    return scoreExamples(this, copied, options);
  }

  /**
   * Ranks the examples by how likely their label is wrong, most likely first. Works best on rows that were
   * not trained on.
   *
   * @param data labelled examples; rows of weight 0 are ranked too
   * @param options where to compute
   * @returns row numbers in ranked order, and their margins
   * @throws {DataError} as a rejection, when the data are faulty or y is soft targets
   */
  async labelErrors(data: LabelledData<L>, options: ComputeOptions = {}): Promise<LabelErrors> {
    const copied = copyData(data);
    const { rankLabelErrors } = await import("./labelled.js");
    return rankLabelErrors(this, copied, options);
  }

  /**
   * Fits a temperature to examples that were not trained on: the logits are divided by it, so that the
   * probabilities fit better (Guo et al. 2017). Predicted classes do not change.
   *
   * @param data labelled examples that the model was not trained on
   * @param options where to compute
   * @returns the temperature, and a new model with weights and bias divided by it
   * @throws {DataError} as a rejection, when no temperature is best, as where the model is right on every
   * example, when the data are faulty, when y is soft targets, or when the model was trained with offsets
   */
  async calibrate(data: LabelledData<L>, options: ComputeOptions = {}): Promise<Calibration<L>> {
    if (this.offsets) {
      throw new DataError(
        "The model was trained with offsets, which a temperature would have to divide too.",
      );
    }
    const copied = copyData(data);
    const { fitTemperature } = await import("./labelled.js");
    const temperature = await fitTemperature(this, copied, options);
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
   * Shows the model in a line, in Node's console.
   *
   * @returns the line
   */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    const { classes, features, engine, converged, iterations } = this;
    const trained = iterations > 0 ? `, ${iterations} iterations on ${engine.name}` : "";
    const told = `${features} features × ${classes.length} classes${trained}`;
    return `SoftmaxModel { ${told}${converged ? ", converged" : ""} }`;
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
}
