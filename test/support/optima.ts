/**
 * Data sets of scikit-learn and the exact minima of softmax regression on them, computed in extended
 * precision by `test/fixtures/optima/optima.py`, which defines the objective and how two classes become a
 * single logit, and by `sparse.py` where there is an l1 penalty.
 */
import { range } from "../../src/core/random.js";
import type { Rows } from "../../src/core/rows.js";
import { gradient, logits, residual } from "../../src/math/passes.js";
import adjusted from "../fixtures/optima/adjusted.json";
import breastCancer from "../fixtures/optima/breast_cancer.csv?raw";
import digits from "../fixtures/optima/digits.txt?raw";
import iris from "../fixtures/optima/iris.csv?raw";
import optima from "../fixtures/optima/optima.json";
import sparse from "../fixtures/optima/sparse.json";
import wine from "../fixtures/optima/wine.csv?raw";

const SETS = ["iris", "wine", "breast_cancer", "digits"] as const;
const KINDS = ["raw", "standardised"] as const;

/** Iris, wine and digits have 3, 3 and 10 classes, breast_cancer has 2. */
export type SetName = (typeof SETS)[number];

/**
 * As measured, or standardised: each column less its mean and divided by its deviation (a constant column
 * becomes 0).
 */
export type Kind = (typeof KINDS)[number];

export interface DataSet extends Rows {
  readonly classes: number;
}

/** A minimum of F(W) = (1/N)·Σ loss + l2/2·‖W‖², with unpenalised intercepts. */
export interface Optimum {
  readonly set: SetName;
  readonly kind: Kind;
  /** scikit-learn's C. For two classes its LogisticRegression needs 2·C. */
  readonly C: number;
  /** 1/(C·N) */
  readonly l2: number;
  readonly objective: number;
  /** The largest |∂F/∂w| at the weights. */
  readonly gradientMax: number;
  /** (features + 1, classes), the intercept last; each row adds up to 0. */
  readonly weights: Float64Array;
}

export const OPTIMA: readonly Optimum[] = SETS.flatMap((set) =>
  KINDS.flatMap((kind) =>
    optima[set][kind].map((found) => ({ ...found, set, kind, weights: Float64Array.from(found.weights) })),
  ),
);

/** A minimum of F(W) + l1·Σ|w|, with unpenalised intercepts. */
export interface SparseOptimum {
  readonly set: SetName;
  readonly kind: Kind;
  readonly l1: number;
  readonly l2: number;
  readonly objective: number;
  /** The largest |∂F/∂w + l1·sign(w)| where w is not 0. */
  readonly subgradientMax: number;
  /** (features + 1, classes), the intercept last, whose row adds up to 0. */
  readonly weights: Float64Array;
}

export const SPARSE: readonly SparseOptimum[] = sparse.map(({ set, kind, weights, ...found }) => ({
  ...found,
  set: nameIn(SETS, set),
  kind: nameIn(KINDS, kind),
  weights: Float64Array.from(weights),
}));

/** A minimum on a standardised set, with penalty factors or offsets or both. */
export interface AdjustedOptimum {
  readonly set: SetName;
  readonly l1: number;
  readonly l2: number;
  /** (features) */
  readonly factors: readonly number[] | undefined;
  /** (rows, classes) */
  readonly offsets: Float64Array | undefined;
  readonly objective: number;
  /** (features + 1, classes), the intercept last; rows without a penalty add up to 0. */
  readonly weights: readonly number[];
}

export const ADJUSTED: readonly AdjustedOptimum[] = adjusted.map(({ set, factors, offsets, ...found }) => {
  const name = nameIn(SETS, set);
  return { ...found, set: name, factors, offsets: offsets ? offsetsOf(dataSet(name, "raw")) : undefined };
});

/** (rows, classes) the same as in `adjusted.py`. */
function offsetsOf({ count, classes }: DataSet): Float64Array {
  return Float64Array.from({ length: count * classes }, (_, i) => {
    const [n, k] = [Math.floor(i / classes), i % classes];
    return (((7 * n + 5 * k * k + 3 * n * k) % 17) - 8) / 4;
  });
}

/** The objective at weights (features + 1, classes), and how far 0 is from its subdifferential, in f64. */
export function adjustedAt(
  { set, l1, l2, factors, offsets }: Omit<AdjustedOptimum, "weights" | "objective">,
  weights: readonly number[],
): { readonly objective: number; readonly subgradientMax: number } {
  const data = dataSet(set, "standardised");
  const { count, features, classes } = data;
  const w = Float64Array.from(weights);
  const rows = range(count);
  const z = logits(data, rows, w, classes).map((one, i) => one + (offsets?.[i] ?? 0));
  const { residual: r, sums } = residual(data, rows, z, classes);
  const g = new Float64Array(w.length);
  gradient(data, rows, r, classes, g);
  let [objective, subgradientMax] = [sums.loss / count, 0];
  w.forEach((wi, i) => {
    const d = Math.floor(i / classes);
    const factor = d < features ? (factors?.[d] ?? 1) : 0;
    const slope = g[i] / count + factor * l2 * wi;
    objective += factor * ((l2 / 2) * wi * wi + l1 * Math.abs(wi));
    const away = wi === 0 ? Math.max(0, Math.abs(slope) - factor * l1) : slope + factor * l1 * Math.sign(wi);
    subgradientMax = Math.max(subgradientMax, Math.abs(away));
  });
  return { objective, subgradientMax };
}

function nameIn<T extends string>(names: readonly T[], name: string): T {
  const found = names.find((one) => one === name);
  if (found === undefined) throw new Error(`${name} is none of ${names.join(", ")}.`);
  return found;
}

/** F + l1·Σ|w| at weights (features + 1, classes), and ∇F, in f64. */
export function penalisedAt(
  data: DataSet,
  w: Float64Array,
  { l1, l2 }: { readonly l1: number; readonly l2: number },
): { readonly objective: number; readonly gradient: Float64Array } {
  const { count, features, classes } = data;
  const rows = range(count);
  const { residual: r, sums } = residual(data, rows, logits(data, rows, w, classes), classes);
  const g = new Float64Array(w.length);
  gradient(data, rows, r, classes, g);
  const penalised = w.subarray(0, features * classes);
  const penalty = penalised.reduce((sum, wi) => sum + l1 * Math.abs(wi) + (l2 / 2) * wi * wi, 0);
  return {
    objective: sums.loss / count + penalty,
    gradient: g.map((value, i) => value / count + (i < penalised.length ? l2 * w[i] : 0)),
  };
}

/** Raw digits are unscaled bytes from 0 to 16; everything else is f64. */
export function dataSet(set: SetName, kind: Kind): DataSet {
  const raw = set === "digits" ? readDigits() : readTable({ iris, wine, breast_cancer: breastCancer }[set]);
  if (kind === "raw") return raw;
  const { mean, deviation } = optima[set];
  const x = Float64Array.from(raw.x, (value, i) => {
    const d = i % raw.features;
    return (value - mean[d]) / deviation[d];
  });
  return { ...raw, x };
}

/** Parses one row per line, with the label last. */
function readTable(csv: string): DataSet {
  const rows = csv
    .trim()
    .split("\n")
    .map((line) => line.split(",").map(Number));
  const x = Float64Array.from(rows.flatMap((row) => row.slice(0, -1)));
  return labelled(
    x,
    rows.map((row) => row[row.length - 1]),
  );
}

/** Parses one row per line: each pixel is a base-17 digit, and the label follows a space. */
function readDigits(): DataSet {
  const rows = digits
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const x = Uint8Array.from(rows.flatMap(([pixels]) => Array.from(pixels, (figure) => parseInt(figure, 17))));
  return labelled(
    x,
    rows.map(([, label]) => Number(label)),
  );
}

function labelled(x: Float64Array | Uint8Array, labels: readonly number[]): DataSet {
  return {
    count: labels.length,
    features: x.length / labels.length,
    x,
    scale: 1,
    labels: Uint32Array.from(labels),
    classes: Math.max(...labels) + 1,
  };
}
