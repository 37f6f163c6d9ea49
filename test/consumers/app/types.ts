/** A strict program that passes undefined for all that may be left out. It is only compiled. */
import {
  type Inputs,
  type ModelParts,
  type Schedule,
  type SoftmaxModel,
  type StartingModel,
  type StatisticsOptions,
  type SweepOptions,
  type TrainOptions,
  type TrainingData,
  createRuntime,
  loadModel,
  sweep,
  train,
  trainer,
} from "smigh";
import { readIdx } from "smigh/data";
import { loadModel as loadOnly } from "smigh/model";

/** The names of the optional properties of T that do not accept undefined. */
type Refusing<T> = T extends object
  ? {
      [K in keyof T]-?: object extends Pick<T, K> ? (undefined extends T[K] ? Accepts<T, K> : K) : never;
    }[keyof T]
  : never;
type Accepts<T, K extends keyof T> = { readonly [P in K]: undefined } extends Pick<T, K> ? never : K;

/** Fails to compile with the names, if there are any. */
type None<Names extends never> = Names;

export type Checked = [
  None<Refusing<TrainOptions<string>>>,
  None<Refusing<SweepOptions<string>>>,
  None<Refusing<TrainingData<string>>>,
  None<Refusing<ModelParts<string>>>,
  None<Refusing<StartingModel<string>>>,
  None<Refusing<StatisticsOptions>>,
  None<Refusing<Schedule>>,
  None<Refusing<Exclude<Inputs, ArrayLike<unknown>>>>,
];

const data: TrainingData<"cat" | "dog"> = { x: [[1], [2]], y: ["cat", "dog"], features: undefined };
const trained = await train(data, { C: undefined, signal: undefined, onProgress: undefined });
const label: "cat" | "dog" | undefined = trained.predict([[1]])[0];

const loaded: SoftmaxModel<string> = loadModel<string>(await trained.save());
const word: string | undefined = loadOnly<string>("{}").predict({ x: [[1]], scale: undefined })[0];
const again = await train(data, { init: trained, engine: "wasm", validation: undefined });

const { model } = await sweep(data, { C: [1], folds: undefined });
for await (const { loss } of trainer(data, { solver: "sgd" })) console.log(loss.toFixed(1));

declare const device: unknown;
declare function isDevice(value: unknown): value is NonNullable<TrainOptions["device"]>;
if (isDevice(device)) await train(data, { device });

const runtime = createRuntime();
await runtime.close();
console.log(label, loaded.classes, word, again.engine.why, model.weights.length, readIdx.name);
