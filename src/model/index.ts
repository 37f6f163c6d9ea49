/** The sub-path `smigh/model`: for a page that only predicts, without the code that trains. */
export { SoftmaxModel, type Calibration, type Inputs } from "./model.js";
export { loadModel } from "./load.js";
export type { ModelParts } from "./parts.js";
export type { ModelJson } from "./formats/json.js";
export type { ClassScore, Evaluation } from "./evaluation.js";
export type { ExampleScores } from "./examples.js";
export type { LabelErrors } from "./label-errors.js";
export type { Statistics, StatisticsOptions } from "./statistics/statistics.js";
export { DataError, ModelFileError, OptionError, SmighError } from "../core/errors.js";
