/** The JSON model file: one object that a person can read and any language can load. Reads it. */
import { type ReasonCode, REASON_CODES, type EpochRecord, type Score } from "../../core/progress.js";
import type { Label } from "../../data/labels.js";
import { parseSchema } from "../../data/parse-schema.js";
import type { Schema } from "../../data/schema.js";
import { ModelFileError } from "../../core/errors.js";
import type { Parity } from "../../parity/stages.js";
import { show } from "../../core/show.js";
import type { Warning } from "../../core/warnings.js";
import {
  finite,
  flag,
  has,
  list,
  listOf,
  numbers,
  object,
  parts,
  text,
  whole,
  wrong,
} from "./json-values.js";
import type { GivenParts, ModelOptions, ModelParts, OptionValue, TrainedOn } from "../parts.js";

const FORMAT = "smigh-model";
/** Version 1 had neither an origin nor warnings, and its bias was f32. */
const VERSION = 2;
const NEWLINE = 10;
/** Longer files are read line by line: engines hold strings of some 2^29 characters. */
export const LONGEST_TEXT = 2 ** 28;
/** How deep the value of an option may be nested. */
const MOST_DEPTH = 8;

/** A model as plain data that JSON can hold, as `model.toJSON` returns it. */
export interface ModelJson {
  /** "smigh-model". */
  readonly format: string;
  /** Version of the format, now 2. */
  readonly version: number;
  /** The `typeof` of the labels: "string", "number", "boolean" or "bigint". */
  readonly labelType: string;
  /** (classes) The class labels. A bigint is written as a string of its digits. */
  readonly classes: readonly (string | number | boolean)[];
  /** Features in a row. */
  readonly features: number;
  /** Value of a unit of a byte. Absent when the model was trained on floats. */
  readonly scale?: number | undefined;
  /** (features) Subtracted from x. Default: zeros. */
  readonly origin?: readonly number[] | undefined;
  /** (features) The name of each feature, where the data had names. */
  readonly featureNames?: readonly string[] | undefined;
  /** How the columns of a file become features, where the data were read from one. */
  readonly schema?: Schema | undefined;
  /** True where the training had offsets. Absent otherwise. */
  readonly offsets?: true | undefined;
  /** (classes) The intercept: the logits at the origin. */
  readonly bias: readonly number[];
  /** (features, classes) one list per feature. */
  readonly weights: readonly (readonly number[])[];
  /** The record of the training. May be missing in a file that smigh did not write. */
  readonly training: TrainingJson;
}

/** The record of the training in a file. */
type TrainingJson = Pick<
  ModelParts,
  | "version"
  | "data"
  | "history"
  | "converged"
  | "reason"
  | "reasonCode"
  | "iterations"
  | "warnings"
  | "engine"
  | "parity"
> &
  Partial<Pick<ModelParts, "options">>;

export function toJson(model: ModelParts): ModelJson {
  const { features, weights, classes } = model;
  const k = classes.length;
  // Nine significant digits give an f32 back exactly.
  const rows = Array.from({ length: features }, (_, d) =>
    Array.from(weights.subarray(d * k, (d + 1) * k), (one) => Number(one.toPrecision(9))),
  );
  const { training, ...head } = headOf(model);
  return { ...head, weights: rows, training };
}

/** Returns all but the weights. */
export function headOf(model: ModelParts): Omit<ModelJson, "weights"> {
  const { classes, features, scale, origin, featureNames, schema, offsets, bias } = model;
  const { options, version, data } = model;
  const { history, converged, reason, reasonCode, iterations, warnings, engine, parity } = model;
  return {
    format: FORMAT,
    version: VERSION,
    labelType: typeof classes[0],
    classes: classes.map((label) => (typeof label === "bigint" ? String(label) : label)),
    features,
    ...(scale !== undefined && { scale }),
    ...(origin && { origin: Array.from(origin) }),
    ...(featureNames && { featureNames }),
    ...(schema && { schema }),
    ...(offsets && { offsets }),
    bias: Array.from(bias),
    training: {
      ...(version !== undefined && { version }),
      options,
      ...(data && { data }),
      history,
      converged,
      reason,
      ...(reasonCode && { reasonCode }),
      iterations,
      warnings,
      engine,
      ...(parity && { parity }),
    },
  };
}

/** Reads the bytes of a model file, as `fromJson` reads its text. */
export function decodeJson(bytes: Uint8Array): GivenParts {
  return bytes.length < LONGEST_TEXT ? fromJson(decode(bytes)) : decodeLines(bytes);
}

/** Reads a file that no string holds, by the lines in which `encodeJson` writes the rows of weights. */
function decodeLines(bytes: Uint8Array): GivenParts {
  const begin = endOf(bytes, '\n  "weights": [\n', 0);
  const end = endOf(bytes, "\n  ],", begin);
  const rows: unknown[] = [];
  for (let at = begin; at < end;) {
    const past = bytes.indexOf(NEWLINE, at);
    const line = decode(bytes.subarray(at, past)).replace(/,$/, "");
    if (line !== "  ]") rows.push(parse(line));
    at = past + 1;
  }
  const head = decode(bytes.subarray(0, begin));
  return fromJson(`${head}]${decode(bytes.subarray(end - 1))}`, rows);
}

/** Returns the place after the first occurrence of a text. Throws a ModelFileError where there is none. */
function endOf(bytes: Uint8Array, text: string, from: number): number {
  const wanted = new TextEncoder().encode(text);
  for (let at = bytes.indexOf(wanted[0], from); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, n) => bytes[at + n] === byte)) return at + wanted.length;
  }
  throw new ModelFileError(
    `The model file has ${bytes.length} bytes, more than a string holds, and no row of weights to a line: ` +
      "write it as smigh does.",
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelFileError(`This is no model file: its ${bytes.length} bytes are not UTF-8 text.`, {
      cause,
    });
  }
}

/**
 * Parses the text of a model file. Throws a ModelFileError that says what is wrong and where, also for values
 * that no training makes.
 */
export function fromJson(written: string, rows?: readonly unknown[]): GivenParts {
  const file = object(parse(written), "the file");
  if (file["format"] !== FORMAT) {
    const format = has(file, "format") ? show(file["format"]) : "missing";
    throw new ModelFileError(`This is no smigh model: its format is ${format}, not "${FORMAT}".`);
  }
  const version = file["version"];
  if (version !== 1 && version !== VERSION) {
    throw new ModelFileError(
      `The model is of version ${show(version)}, and this release reads versions 1 and ${VERSION}.`,
    );
  }
  const [first] = list(file["classes"], "classes");
  const type = has(file, "labelType") ? file["labelType"] : typeof first;
  const classes = readClasses(file["classes"], type);
  const features = whole(file["features"], "features");
  const training = has(file, "training") ? object(file["training"], "training") : undefined;
  const bias = numbers(file["bias"], "bias", classes.length);
  return {
    classes,
    features,
    ...(has(file, "scale") && { scale: readScale(file["scale"]) }),
    weights: readWeights(rows ?? file["weights"], features, classes.length),
    bias: version === 1 ? Float64Array.from(bias, (one, k) => single(one, `bias[${k}]`)) : bias,
    ...(has(file, "origin") && { origin: numbers(file["origin"], "origin", features) }),
    ...(has(file, "featureNames") && { featureNames: listOf(file["featureNames"], "featureNames", text) }),
    ...(has(file, "schema") && { schema: parseSchema(file["schema"], "schema", wrong) }),
    ...(has(file, "offsets") && flag(file["offsets"], "offsets") && { offsets: true }),
    ...(training && readTraining(version === 1 ? { ...training, warnings: [] } : training, "training")),
  };
}

function parse(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch (cause) {
    throw new ModelFileError(`This is no model file, or it is truncated: ${String(cause)}.`, { cause });
  }
}

function readTraining(value: unknown, name: string): TrainingJson {
  return parts<TrainingJson>(
    value,
    name,
    {
      version: text,
      options: readOptions,
      data: (data, at) => parts<TrainedOn>(data, at, { rows: whole, features: whole, hash: text }),
      history: (epochs, at) => listOf(epochs, at, readEpoch),
      converged: flag,
      reason: text,
      reasonCode: readReasonCode,
      iterations: whole,
      warnings: (warnings, at) => listOf(warnings, at, readWarning),
      engine: readEngine,
      parity: readParity,
    },
    ["version", "options", "data", "reasonCode", "parity"],
  );
}

function readOptions(value: unknown, name: string): ModelOptions {
  const options = Object.entries(object(value, name));
  return Object.fromEntries(options.map(([option, one]) => [option, readOption(one, `${name}.${option}`)]));
}

/** Reads the value of an option. Those of files that were damaged may be nested deeper than any stack. */
function readOption(value: unknown, name: string, depth = 0): OptionValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return finite(value, name);
  if (depth === MOST_DEPTH) throw wrong(value, name, `nested at most ${MOST_DEPTH} deep`);
  if (Array.isArray(value)) return value.map((one, n) => readOption(one, `${name}[${n}]`, depth + 1));
  const record = Object.entries(object(value, name));
  return Object.fromEntries(
    record.map(([part, one]) => [part, readOption(one, `${name}.${part}`, depth + 1)]),
  );
}

function readReasonCode(value: unknown, name: string): ReasonCode {
  const code = REASON_CODES.find((one) => one === value);
  if (code === undefined) throw wrong(value, name, `one of ${REASON_CODES.join(", ")}`);
  return code;
}

function readClasses(value: unknown, type: unknown): Label[] {
  const classes = listOf(value, "classes", (label, name) => readLabel(label, type, name));
  const different = new Set(classes).size;
  if (different < classes.length || different < 2) {
    throw new ModelFileError(
      `The model file is damaged: classes names ${different} different classes in ${classes.length}, ` +
        "and must name each once, and at least 2.",
    );
  }
  return classes;
}

function readLabel(label: unknown, type: unknown, name: string): Label {
  if (type === "bigint" && typeof label === "string" && /^-?\d+$/.test(label)) return BigInt(label);
  if (typeof label === type) {
    if (typeof label === "string" || typeof label === "boolean") return label;
    if (typeof label === "number" && Number.isInteger(label)) return label;
  }
  throw wrong(label, name, `of type ${show(type)}, and a string, a whole number, a boolean or a bigint`);
}

function readScale(value: unknown): number {
  const scale = finite(value, "scale");
  if (scale === 0) throw wrong(scale, "scale", "other than 0");
  return scale;
}

/** Checks the length of every row before it allocates as much memory as the file claims. */
function readWeights(value: unknown, features: number, classes: number): Float32Array {
  const rows = list(value, "weights");
  if (rows.length !== features) {
    throw new ModelFileError(`The model has ${features} features, but weights has ${rows.length} rows.`);
  }
  const checked = rows.map((row, d) => numbers(row, `weights[${d}]`, classes));
  const weights = new Float32Array(features * classes);
  checked.forEach((row, d) =>
    row.forEach((one, k) => (weights[d * classes + k] = single(one, `weights[${d}][${k}]`))),
  );
  return weights;
}

/** Rounds to f32. Throws a ModelFileError where the value does not fit. */
function single(value: number, name: string): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded)) return rounded;
  throw wrong(value, name, "at most 3.4e38, the largest f32");
}

function readEpoch(value: unknown, name: string): EpochRecord {
  return parts<EpochRecord>(
    value,
    name,
    {
      epoch: whole,
      loss: finite,
      accuracy: finite,
      learningRate: finite,
      gradientMax: finite,
      validation: (score, at) => parts<Score>(score, at, { loss: finite, accuracy: finite }),
      elapsed: finite,
    },
    ["gradientMax", "validation"],
  );
}

function readWarning(value: unknown, name: string): Warning {
  return parts<Warning>(value, name, { code: text, message: text });
}

function readEngine(value: unknown, name: string): ModelParts["engine"] {
  return parts<ModelParts["engine"]>(value, name, { name: text, adapter: text, kernels: text, why: text });
}

function readParity(value: unknown, name: string): Parity {
  return parts<Parity>(value, name, { rho: readRho, stages: readStages, steps: whole, examples: whole });
}

function readStages(value: unknown, name: string): Parity["stages"] {
  const readers = {
    logits: readRho,
    residual: readRho,
    loss: readRho,
    gradient: readRho,
    update: readRho,
    curvature: readRho,
  };
  return parts<Parity["stages"]>(value, name, readers, Object.keys(readers));
}

/** Reads ρ. null stands for Infinity, which JSON cannot hold: a wrong engine can be infinitely wrong. */
function readRho(value: unknown, name: string): number {
  return value === null ? Infinity : finite(value, name);
}
