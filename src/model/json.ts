/** The JSON model file: one object that a person can read and any language can load. */
import type { Label } from "../data/labels.js";
import { ModelFileError } from "../errors.js";
import { type Parity, STAGES, type Stage } from "../parity.js";
import type { EpochRecord, Score } from "../progress.js";
import type { ModelParts } from "./parts.js";

const FORMAT = "smigh-model";
const VERSION = 1;

/** An f32 is given back exactly by nine significant digits. */
function digits(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(9)));
}

export function toJson(model: ModelParts): string {
  const k = model.classes.length;
  const rows = Array.from({ length: model.features }, (_, d) =>
    JSON.stringify(digits(model.weights.subarray(d * k, (d + 1) * k))),
  );
  const { history, converged, reason, iterations, engine, parity } = model;
  return `{
  "format": "${FORMAT}",
  "version": ${VERSION},
  "labelType": "${typeof model.classes[0]}",
  "classes": ${JSON.stringify(model.classes.map((label) => (typeof label === "bigint" ? String(label) : label)))},
  "features": ${model.features},
${model.scale === undefined ? "" : `  "scale": ${model.scale},\n`}  "bias": ${JSON.stringify(Array.from(model.bias))},
  "weights": [
    ${rows.join(",\n    ")}
  ],
  "training": ${JSON.stringify({ history, converged, reason, iterations, engine, ...(parity && { parity }) })}
}
`;
}

/** Reads what `toJson` wrote. Throws a ModelFileError that says what is missing or of the wrong size. */
export function fromJson(text: string): ModelParts {
  const file = object(parse(text), "the file");
  if (file["format"] !== FORMAT) {
    throw new ModelFileError(
      `This is no smigh model: its format is ${show(file["format"])}, not "${FORMAT}".`,
    );
  }
  if (file["version"] !== VERSION) {
    throw new ModelFileError(
      `The model is of version ${show(file["version"])}, and this release reads version ${VERSION}.`,
    );
  }
  const classes = list(file["classes"], "classes").map((label) => readLabel(label, file["labelType"]));
  const features = number(file["features"], "features");
  const rows = list(file["weights"], "weights");
  if (rows.length !== features) {
    throw new ModelFileError(`The model has ${features} features, but weights has ${rows.length} rows.`);
  }
  const weights = new Float32Array(features * classes.length);
  rows.forEach((row, d) => weights.set(floats(row, `weights[${d}]`, classes.length), d * classes.length));
  const training = object(file["training"], "training");
  const engine = object(training["engine"], "training.engine");
  return {
    classes,
    features,
    ...("scale" in file && { scale: number(file["scale"], "scale") }),
    weights,
    bias: Float64Array.from(floats(file["bias"], "bias", classes.length)),
    history: list(training["history"], "training.history").map(readEpoch),
    converged: training["converged"] === true,
    reason: String(training["reason"]),
    iterations: number(training["iterations"], "training.iterations"),
    engine: {
      name: String(engine["name"]),
      adapter: String(engine["adapter"]),
      kernels: String(engine["kernels"]),
      why: String(engine["why"]),
    },
    ...("parity" in training && { parity: readParity(training["parity"]) }),
  };
}

function readEpoch(value: unknown): EpochRecord {
  const record = object(value, "an epoch of training.history");
  return {
    epoch: number(record["epoch"], "epoch"),
    ...readScore(record),
    learningRate: number(record["learningRate"], "learningRate"),
    ...("gradientMax" in record && { gradientMax: number(record["gradientMax"], "gradientMax") }),
    ...("validation" in record && { validation: readScore(object(record["validation"], "validation")) }),
    elapsed: number(record["elapsed"], "elapsed"),
  };
}

function readScore(record: Readonly<Record<string, unknown>>): Score {
  return { loss: number(record["loss"], "loss"), accuracy: number(record["accuracy"], "accuracy") };
}

function readParity(value: unknown): Parity {
  const record = object(value, "training.parity");
  const found = object(record["stages"], "training.parity.stages");
  const stages: Partial<Record<Stage, number>> = {};
  for (const stage of STAGES) {
    if (stage in found) stages[stage] = number(found[stage], `training.parity.stages.${stage}`);
  }
  return {
    rho: number(record["rho"], "training.parity.rho"),
    stages,
    steps: number(record["steps"], "training.parity.steps"),
    examples: number(record["examples"], "training.parity.examples"),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ModelFileError(`This is no model file, or it is truncated: ${String(cause)}.`, { cause });
  }
}

function readLabel(label: unknown, type: unknown): Label {
  if (type === "bigint" && typeof label === "string") return BigInt(label);
  if (
    typeof label === type &&
    (typeof label === "string" || typeof label === "number" || typeof label === "boolean")
  ) {
    return label;
  }
  throw new ModelFileError(`The model's classes are of type ${show(type)}, but one is ${show(label)}.`);
}

function object(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new ModelFileError(`The model file is damaged: ${name} is ${show(value)}, and must be an object.`);
}

function list(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ModelFileError(`The model file is damaged: ${name} is ${show(value)}, and must be a list.`);
}

function number(value: unknown, name: string): number {
  if (typeof value === "number") return value;
  throw new ModelFileError(`The model file is damaged: ${name} is ${show(value)}, and must be a number.`);
}

function floats(value: unknown, name: string, length: number): Float32Array {
  const values = list(value, name);
  if (values.length !== length) {
    throw new ModelFileError(
      `The model file is damaged: ${name} has ${values.length} values, and must have ${length}.`,
    );
  }
  return Float32Array.from(values, (one, n) => number(one, `${name}[${n}]`));
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
