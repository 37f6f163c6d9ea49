/** Scores of a model on labelled examples. The methods of the model load this on demand. */
import type { Rows } from "../core/rows.js";
import { weighedRows } from "../core/rows.js";
import { DataError } from "../core/errors.js";
import { type TrainingData, createDataset } from "../data/dataset.js";
import { checkSizes } from "../data/features.js";
import type { Label } from "../data/labels.js";
import { temperatureOf } from "./calibration.js";
import { type Evaluation, evaluation } from "./evaluation.js";
import { type ExampleScores, exampleScores } from "./examples.js";
import { type LabelErrors, labelErrors } from "./label-errors.js";
import { affineOf, logitsOf } from "./logits.js";
import type { ModelParts } from "./parts.js";
import type { Statistics, StatisticsOptions } from "./statistics/statistics.js";

/** Labelled examples, whose labels are among the classes of the model. */
export type LabelledData<L extends Label> = Omit<TrainingData<L>, "classes">;

export function evaluateModel<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): Evaluation<L> {
  const rows = weighedRows(labelledRows(model, data));
  return evaluation(logitsOf(model, rows), rows.labels, model.classes, rows.weights);
}

export function scoreExamples<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): ExampleScores {
  return exampleScores(everyRow(model, data), affineOf(model));
}

export function rankLabelErrors<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): LabelErrors {
  return labelErrors(everyRow(model, data), affineOf(model));
}

/** Returns the temperature that fits the examples best. */
export function fitTemperature<L extends Label>(model: ModelParts<L>, data: LabelledData<L>): number {
  const rows = weighedRows(labelledRows(model, data));
  return temperatureOf(rows, logitsOf(model, rows), model.classes.length);
}

export async function computeStatistics<L extends Label>(
  model: ModelParts<L>,
  data: LabelledData<L>,
  options: StatisticsOptions,
): Promise<Statistics<L>> {
  const rows = weighedRows(labelledRows(model, data));
  const { statistics } = await import("./statistics/statistics.js");
  return statistics(rows, affineOf(model), model.classes, options);
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
