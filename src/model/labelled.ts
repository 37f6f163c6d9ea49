/** Scores of a model on labelled examples. The methods of the model load this on demand. */
import type { Rows } from "../core/rows.js";
import { weighedRows } from "../core/rows.js";
import { ofType, parseNamed, wholeNumber } from "../core/checks.js";
import { DataError } from "../core/errors.js";
import { type TrainingData, createDataset } from "../data/dataset.js";
import { checkSizes } from "../data/features.js";
import type { Label } from "../data/labels.js";
import { temperatureOf } from "./calibration.js";
import { COMPUTE_CHECKS, type ComputeOptions, EngineLogits } from "./engine-logits.js";
import { type Evaluation, EvaluationSums } from "./evaluation.js";
import { type ExampleScores, exampleScores } from "./examples.js";
import { type LabelErrors, labelErrors } from "./label-errors.js";
import type { ModelParts } from "./parts.js";
import { rocAuc } from "./roc-auc.js";
import type { Statistics, StatisticsOptions } from "./statistics/statistics.js";

/** Labelled examples, whose labels are among the classes of the model. */
export type LabelledData<L extends Label> = Omit<TrainingData<L>, "classes">;

/** Options of `model.evaluate`. */
export interface EvaluateOptions extends ComputeOptions {
  /** The k of `topK`. A whole number ≥ 1, default 5. */
  readonly topK?: number | undefined;
  /** Compute areas under the ROC curves too, which takes as long again or longer. Default false. */
  readonly auc?: boolean | undefined;
}

const EVALUATE_CHECKS = {
  ...COMPUTE_CHECKS,
  topK: wholeNumber(1),
  auc: ofType("boolean", "true or false"),
} as const;

export async function evaluateModel<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: EvaluateOptions,
): Promise<Evaluation<L>> {
  const { topK = 5, auc = false, ...compute } = parseNamed(options, EVALUATE_CHECKS);
  const rows = weighedRows(labelledRows(model, data));
  return withLogits(model, rows, compute, async (logits) => {
    const sums = new EvaluationSums(model.classes, topK);
    for await (const { first, count, z } of logits.blocks()) {
      const labels = rows.labels.subarray(first, first + count);
      const weights = rows.weights?.subarray(first, first + count);
      sums.add(z, { labels, ...(weights && { weights }) });
    }
    const scores = sums.scores();
    if (!auc) return scores;
    return { ...scores, auc: await rocAuc(rows, model.classes.length, () => logits.blocks()) };
  });
}

export async function scoreExamples<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: ComputeOptions,
): Promise<ExampleScores> {
  const rows = everyRow(model, data);
  const { classes, origin } = model;
  return withLogits(model, rows, options, (logits) =>
    exampleScores(rows, classes.length, origin, logits.blocks()),
  );
}

export async function rankLabelErrors<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: ComputeOptions,
): Promise<LabelErrors> {
  return labelErrors(await scoreExamples(model, data, options));
}

/** Returns the temperature that fits the examples best. */
export async function fitTemperature<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: ComputeOptions,
): Promise<number> {
  const rows = weighedRows(labelledRows(model, data));
  return withLogits(model, rows, options, (logits) =>
    temperatureOf(rows, model.classes.length, () => logits.blocks()),
  );
}

export async function computeStatistics<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: StatisticsOptions,
): Promise<Statistics<L>> {
  const rows = weighedRows(createDataset(data, "", model).rows);
  const { statistics } = await import("./statistics/statistics.js");
  return statistics(rows, model, options);
}

/** Opens an engine for the logits of the rows, and closes it when `use` is done. */
async function withLogits<T>(
  model: ModelParts,
  rows: Rows,
  options: ComputeOptions,
  use: (logits: EngineLogits) => Promise<T>,
): Promise<T> {
  const logits = await EngineLogits.open(model, rows, options);
  try {
    return await use(logits);
  } finally {
    logits.close();
  }
}

/** Checks labelled examples. Throws a DataError where they are faulty, or y is soft targets. */
function labelledRows<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): Rows {
  const { rows } = createDataset(data, "", model);
  if (rows.targets) {
    throw new DataError("y is soft targets, and a model is judged by labels: give the label of each row.");
  }
  return rows;
}

/** Checks examples for methods that score every row: rows of weight 0 must hold valid features too. */
function everyRow<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): Rows {
  const rows = labelledRows(model, data);
  checkSizes(rows, "", model);
  return rows;
}
