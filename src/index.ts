/**
 * The public face of smigh: trains softmax (multinomial logistic) classifiers on WebGPU, on WebAssembly or in
 * plain f64.
 */
export { train, trainer, type Trainer } from "./train/train.js";
export { type Runtime, createRuntime } from "./engine/runtime.js";
export { sweep, type Sweep } from "./sweep/sweep.js";
export type { SweepOptions, SweepProgress } from "./sweep/options.js";
export type { ScoreName, Scoring } from "./sweep/score-table.js";
export type { SweepEntry, SweepFold } from "./sweep/table.js";
export type { ReasonCode } from "./core/progress.js";
export type { SolverName } from "./solvers/solver-table.js";
export type { TrainOptions } from "./train/option-table.js";
export type { TrainingData } from "./data/dataset.js";
export type { Features } from "./data/features.js";
export type { Offsets } from "./data/offsets.js";
export type { Label } from "./data/labels.js";
export type { StartingModel } from "./train/init.js";
export type { Schedule } from "./solvers/minibatch/schedule.js";
export type { EpochRecord, Progress, Score } from "./core/progress.js";
export { SoftmaxModel, type Calibration } from "./model/model.js";
export type { GivenParts, ModelOptions, ModelParts, OptionValue, TrainedOn } from "./model/parts.js";
export type { ModelJson } from "./model/formats/json.js";
export type { Warning } from "./core/warnings.js";
export type { ComputeOptions, UsedEngine } from "./model/engine-logits.js";
export type { ClassScore, ConfusionEntry, Evaluation } from "./model/evaluation.js";
export type { EvaluateOptions, LabelledData } from "./model/labelled.js";
export type { Inputs } from "./model/inputs.js";
export type { Outputs, TopClasses } from "./model/outputs.js";
export type { PredictOptions, Predictor, PredictorOptions } from "./model/predictor.js";
export type { RocAuc } from "./model/roc-auc.js";
export type { ExampleScores } from "./model/examples.js";
export type { LabelErrors } from "./model/label-errors.js";
export type { Statistics, StatisticsOptions } from "./model/statistics/statistics.js";
export { loadModel } from "./model/load.js";
export type { Parity, Stage } from "./parity/stages.js";
export {
  DataError,
  DeviceError,
  DivergenceError,
  ModelFileError,
  OptionError,
  RuntimeClosedError,
  SmighError,
  TrainerError,
} from "./core/errors.js";
