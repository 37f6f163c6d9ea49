/** The sub-path `smigh/model`: for a page that only predicts, without the code that trains. */
export { SoftmaxModel, type Calibration } from "./model.js";
export { loadModel } from "./load.js";
export type { GivenParts, ModelOptions, ModelParts, OptionValue, TrainedOn } from "./parts.js";
export type { ModelJson } from "./formats/json.js";
export type { ComputeOptions, UsedEngine } from "./engine-logits.js";
export type { ClassScore, ConfusionEntry, Evaluation } from "./evaluation.js";
export type { EvaluateOptions, LabelledData } from "./labelled.js";
export type { Inputs } from "./inputs.js";
export type { Outputs, TopClasses } from "./outputs.js";
export type { PredictOptions, Predictor, PredictorOptions } from "./predictor.js";
export type { RocAuc } from "./roc-auc.js";
export type { ExampleScores } from "./examples.js";
export type { LabelErrors } from "./label-errors.js";
export type { Statistics, StatisticsOptions } from "./statistics/statistics.js";
export {
  DataError,
  DeviceError,
  ModelFileError,
  OptionError,
  RuntimeClosedError,
  SmighError,
} from "../core/errors.js";
