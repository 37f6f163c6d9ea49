/** Generates small data and options, right except for a few of their values. */
import { runInNewContext } from "node:vm";
import { type Draw, NUMBERS, drawAnything, draw, once, pick } from "./values.js";

const FEATURE_VALUES = [0, 1, 2, -1, 0.5, 3, 5, 7.25];
const WEIGHTS = [0, 1, 2, 0.5, 1e-30, 1e30];
const LABELS = [
  ["a", "b", "c"],
  [0, 1, 2],
  [-5, 3, 100],
  [true, false],
  [1n, 0n, 2n ** 70n],
] as const;

type Fields = Record<string, unknown>;

export interface Shape {
  readonly rows: number;
  readonly features: number;
  readonly classes: readonly unknown[];
}

export function makeShape(g: Draw): Shape {
  const names = pick(g, LABELS);
  return {
    rows: pick(g, [1, 2, 3, 4, 6, 8]),
    features: pick(g, [0, 1, 2, 3]),
    classes: names.slice(0, pick(g, [2, 3])),
  };
}

/** Data of the shape; `wrong` in ten get a value that may be wrong. */
export function makeData(g: Draw, of: Shape, wrong: number): Fields {
  const fields: Fields = { ...makeFeatures(g, of), ...makeTargets(g, of) };
  if (once(g, 3)) fields["weights"] = Array.from({ length: of.rows }, () => pick(g, WEIGHTS));
  if (once(g, 2)) fields["classes"] ??= [...of.classes];
  if (once(g, 8)) fields["featureNames"] = Array.from({ length: of.features }, (_, d) => `x${d}`);
  return draw(g, 10) < wrong ? spoil(g, fields) : fields;
}

/** Inputs for a model of the shape; `wrong` in ten get a value that may be wrong. */
export function makeInputs(g: Draw, of: Shape, wrong: number): unknown {
  const fields = makeFeatures(g, of);
  const wrongly = draw(g, 10) < wrong;
  if (wrongly && once(g, 4)) return drawAnything(g);
  const given = wrongly ? spoil(g, fields) : fields;
  return "features" in given || "scale" in given || once(g, 2) ? given : given["x"];
}

function makeFeatures(g: Draw, { rows, features }: Shape): Fields {
  const value = () => pick(g, once(g, 60) ? NUMBERS : FEATURE_VALUES);
  const table = Array.from({ length: rows }, () => Array.from({ length: features }, value));
  const flat = table.flat();
  const kind = pick(g, ["rows", "rows", "typed rows", "flat", "bytes", "clamped", "integers", "foreign"]);
  if (kind === "rows" || features === 0) return { x: table };
  if (kind === "typed rows") {
    const Type = pick(g, [Float32Array, Float64Array, Int16Array, Uint8Array]);
    return { x: table.map((row) => Type.from(row)) };
  }
  if (kind === "bytes") return { x: Uint8Array.from(flat), features, ...(once(g, 2) && { scale: 0.5 }) };
  if (kind === "clamped") return { x: Uint8ClampedArray.from(flat), features };
  if (kind === "integers") return { x: Int32Array.from(flat), features };
  if (kind === "foreign") return { x: runInNewContext("Float32Array.from(flat)", { flat }), features };
  const x = pick(g, [Float32Array, Float64Array]).from(flat);
  return once(g, 3) ? { x } : { x, features };
}

function makeTargets(g: Draw, { rows, classes }: Shape): Fields {
  const drawn = Array.from({ length: rows }, () => pick(g, classes));
  if (!once(g, 6)) return { y: drawn };
  const soft = drawn.flatMap((label) =>
    classes.map((other) => (other === label ? 0.75 : 0.25 / (classes.length - 1))),
  );
  return { y: pick(g, [Float32Array, Float64Array]).from(soft), classes: [...classes] };
}

/** Replaces, removes or adds a field, or replaces an element of one. */
function spoil(g: Draw, fields: Fields): Fields {
  const other = { ...fields };
  const name = pick(g, [
    ...Object.keys(fields),
    "weights",
    "classes",
    "features",
    "scale",
    "offsets",
    "sampleWeight",
  ]);
  const array: unknown = other[name];
  if (Array.isArray(array) && array.length > 0 && !once(g, 3)) {
    const copy: unknown[] = array.slice();
    const at = pick(g, [...copy.keys()]);
    const inner: unknown = copy[at];
    if (Array.isArray(inner) && inner.length > 0 && !once(g, 3)) {
      copy[at] = inner.with(pick(g, [...inner.keys()]), drawAnything(g));
    } else if (once(g, 3)) delete copy[at];
    else copy[at] = drawAnything(g);
    other[name] = copy;
  } else if (once(g, 6)) delete other[name];
  else other[name] = drawAnything(g);
  return other;
}

const COMMON = {
  tolerance: [1e-5, 1e-2],
  l2: [0, 0.1, 1e6],
  C: [1, 1e-6, 1e8],
  intercept: [true, false],
  standardize: [true, false],
  labelSmoothing: [0, 0.1],
  classWeight: ["balanced", { a: 2 }, new Map([["a", 0]]), { 0: 1, 1: 0.5 }],
  init: ["zeros", "centroids"],
  validation: [0.2, 0.5],
  patience: [1, 3],
  seed: [0, 1, 2 ** 40],
  parity: [true, false],
  kernels: ["auto", "table"],
  onProgress: [() => {}],
};
const FIRST_ORDER = {
  epochs: [1, 2, 3],
  learningRate: [0.1, 1e-3, 100, { kind: "cosine", rate: 0.1 }],
  reduction: ["mean", "sum"],
};
const BATCHES = { batchSize: [1, 2, 512], shuffle: [true, false] };
const SOLVERS: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  lbfgs: { ...COMMON, maxIterations: [1, 3, 30], memory: [1, 10], l1: [0, 0.01, 1] },
  newton: { ...COMMON, maxIterations: [1, 3, 30] },
  gd: { ...COMMON, ...FIRST_ORDER },
  sgd: { ...COMMON, ...FIRST_ORDER, ...BATCHES, momentum: [0, 0.9], sampling: ["uniform", "importance"] },
  adam: { ...COMMON, ...FIRST_ORDER, ...BATCHES, beta1: [0, 0.9], epsilon: [1e-7] },
  adamw: { ...COMMON, ...FIRST_ORDER, ...BATCHES, weightDecay: [0, 0.1] },
};

/** Options that would make a training endless if they were large. */
const LENGTHS = ["epochs", "maxIterations", "memory"];

export type EngineName = "reference" | "wasm";

export function makeOptions(g: Draw, of: Shape, engine: EngineName): Fields {
  const solver = pick(g, Object.keys(SOLVERS));
  const table = SOLVERS[solver];
  const chosen: Fields = { engine, ...(once(g, 2) ? { solver } : solver !== "lbfgs" && { solver }) };
  if (solver !== "lbfgs" && solver !== "newton") chosen["epochs"] = 2;
  for (let n = pick(g, [0, 1, 2, 3, 4]); n > 0; n--) {
    const name = pick(g, Object.keys(table));
    chosen[name] = pick(g, table[name]);
  }
  if (once(g, 8)) chosen["validation"] = makeData(g, of, 3);
  if (once(g, 12)) chosen["signal"] = AbortSignal.abort(drawAnything(g));
  if (once(g, 3)) {
    const name = pick(g, [...Object.keys(table), "solver", "device", "signal", "engine", "maxIter"]);
    const value = drawAnything(g);
    const long = LENGTHS.includes(name) && typeof value === "number" && value > 100;
    if (!(long || (name === "engine" && value === undefined))) chosen[name] = value;
  }
  return chosen;
}

export function makeSweepOptions(g: Draw, of: Shape, engine: EngineName): Fields {
  const folds = once(g, 2) ? 2 : Array.from({ length: of.rows }, (_, row) => row % 2);
  const chosen: Fields = { engine, C: [1, 0.1], folds, maxIterations: 20 };
  if (once(g, 3)) chosen["solver"] = pick(g, ["lbfgs", "newton"]);
  if (once(g, 4)) chosen["scoring"] = pick(g, ["accuracy", "loss"]);
  if (once(g, 4)) chosen["choose"] = "oneStandardError";
  if (once(g, 4)) chosen["standardize"] = true;
  if (once(g, 4)) chosen["classWeight"] = "balanced";
  if (once(g, 3)) {
    const name = pick(g, [
      "C",
      "l2",
      "folds",
      "scoring",
      "choose",
      "solver",
      "tolerance",
      "classWeight",
      "x",
    ]);
    chosen[name] = drawAnything(g);
  }
  return chosen;
}
