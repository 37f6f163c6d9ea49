/** Random training problems for the convergence tests. The seed alone reproduces a problem. */
import { type Random, randomIntegers } from "../../src/core/random.js";
import type { TrainOptions, TrainingData } from "../../src/index.js";
import type { DenseProblem } from "./dense-objective.js";
import { deviations, gradientAtZero } from "./dense-objective.js";
import { Draw } from "./draw.js";

export type SolverKind = "lbfgs" | "lbfgs+l1" | "newton";

/** Weights to start from, for the classes of the data. */
export interface StartingWeights {
  readonly classes: readonly number[];
  readonly features: number;
  /** (features, classes) */
  readonly weights: Float32Array;
  /** (classes) */
  readonly bias: Float32Array;
}

export interface RandomProblem {
  readonly seed: number;
  readonly kind: SolverKind;
  readonly data: TrainingData<number>;
  /** The options without `init`. */
  readonly options: TrainOptions<number>;
  /** The start: `fit` holds the options of a previous training on the same data. */
  readonly start: "zeros" | "centroids" | StartingWeights | { readonly fit: TrainOptions<number> };
  /**
   * Properties that f32 may not represent or that may leave no minimum; the table counts such problems apart.
   */
  readonly flags: readonly ("offset" | "unpenalised")[];
  /** The same problem for the oracle. */
  readonly dense: DenseProblem;
  /** One line that describes the problem to people. */
  readonly description: string;
}

export function randomProblem(seed: number): RandomProblem {
  const random: Random = randomIntegers(seed);
  const draw = new Draw(random);
  const drawn = drawSizes(draw);
  const { count, features } = drawn;
  const latent = drawLatent(draw, count, features);
  const labels = drawLabels(draw, latent, drawn);
  const { classes } = labels;
  const sizes = { count, features, classes };
  const settings = drawSettings(draw);
  const placed = drawFeatures(draw, latent, sizes, settings.intercept);
  const weights = drawWeights(draw, count);
  const { data, x } = asGiven(draw, placed, features);
  const base = {
    ...sizes,
    x,
    labels: labels.values,
    weights: weights ? Float64Array.from(weights) : new Float64Array(count).fill(1),
    intercept: settings.intercept,
    standardize: settings.standardize,
  };
  const penalty = drawPenalty(draw, base, settings.kind);
  const dense: DenseProblem = { ...base, l1: penalty.l1, l2: penalty.l2 };
  const flags = [...(placed.ratio >= 1e5 ? ["offset" as const] : []), ...penalty.flags];
  const options: TrainOptions<number> = {
    solver: settings.kind === "newton" ? "newton" : "lbfgs",
    intercept: settings.intercept,
    standardize: settings.standardize,
    ...(settings.tolerance !== undefined && { tolerance: settings.tolerance }),
    ...penalty.options,
  };
  const start = drawStart(draw, dense);
  const present = new Set(labels.values).size;
  return {
    seed,
    kind: settings.kind,
    data: {
      ...data,
      y: Array.from(labels.values),
      ...(present < classes && { classes: Array.from({ length: classes }, (_, k) => k) }),
      ...(weights && { weights }),
    },
    options,
    start,
    flags,
    dense,
    description: [
      `N ${count}, D ${features}, K ${classes}${present < classes ? ` (${present} present)` : ""}`,
      data.x.constructor.name,
      `scales ${placed.scales}`,
      `mean ÷ deviation ${placed.ratio}`,
      ...placed.notes,
      `labels of strength ${labels.strength}`,
      ...(weights ? ["weighted"] : []),
      JSON.stringify(options),
      `start ${typeof start === "string" ? start : "fit" in start ? JSON.stringify(start.fit) : "random"}`,
    ].join(", "),
  };
}

interface Sizes {
  readonly count: number;
  readonly features: number;
  readonly classes: number;
}

function drawSizes(draw: Draw): Sizes {
  const large = draw.chance(0.03);
  return {
    count: Math.round(large ? draw.logUniform(400, 2000) : draw.logUniform(5, 400)),
    features: Math.round(draw.logUniform(1, large ? 12 : 30)),
    classes: draw.chance(0.6) ? draw.integer(2, 3) : draw.integer(4, 8),
  };
}

/** (rows, features) columns of mean 0 and deviation about 1, some of them nearly multiples of others. */
function drawLatent(draw: Draw, count: number, features: number): Float64Array {
  const latent = Float64Array.from({ length: count * features }, () => draw.normal());
  if (!draw.chance(0.35)) return latent;
  for (let d = 1; d < features; d++) {
    if (!draw.chance(0.4)) continue;
    const other = draw.integer(0, d - 1);
    const apart = 10 ** -draw.uniform(0.3, 4);
    for (let n = 0; n < count; n++)
      latent[n * features + d] = latent[n * features + other] + apart * draw.normal();
  }
  return latent;
}

/**
 * Draws labels from the softmax of random weights times a strength, or takes the largest logit where it is
 * infinite. Mostly drops classes that get no rows, but keeps at least two.
 */
function drawLabels(draw: Draw, latent: Float64Array, { count, features, classes }: Sizes) {
  const strength = draw.pick([0, 0.3, 1, 1, 1, 3, 3, 10, 30, Infinity]);
  const truth = Float64Array.from({ length: features * classes }, () => draw.normal());
  const imbalance = draw.pick([0, 0, 1, 3]);
  const prior = Float64Array.from({ length: classes }, () => imbalance * draw.normal());
  const missing = classes > 2 && draw.chance(0.06) ? draw.integer(0, classes - 1) : -1;
  const size = strength === Infinity ? 1 : strength;
  const values = Uint32Array.from({ length: count }, (_, n) => {
    let best = -1;
    let highest = -Infinity;
    for (let k = 0; k < classes; k++) {
      let z = prior[k] + (strength === Infinity ? 0 : draw.gumbel());
      for (let d = 0; d < features; d++) {
        z += (size * latent[n * features + d] * truth[d * classes + k]) / Math.sqrt(features);
      }
      if (k === missing || z <= highest) continue;
      [best, highest] = [k, z];
    }
    return best;
  });
  const present = [...new Set(values)].toSorted((a, b) => a - b);
  if (missing >= 0 || draw.chance(0.1)) return { values, strength, classes };
  if (present.length === 1) {
    return { values: values.map((_, n) => (n === 0 ? 1 : 0)), strength, classes: 2 };
  }
  return { values: values.map((label) => present.indexOf(label)), strength, classes: present.length };
}

interface Placed {
  /** (rows, features) */
  readonly values: Float64Array;
  readonly scales: string;
  /** The largest mean ÷ deviation of a column. */
  readonly ratio: number;
  readonly notes: readonly string[];
}

/**
 * Columns in various units, offset from 0, some of them sparse, constant or duplicated. Without an intercept
 * the offset is at most 1e3 deviations: columns farther out are nearly collinear, and the oracle's Hessian
 * loses them to rounding.
 */
function drawFeatures(
  draw: Draw,
  latent: Float64Array,
  { count, features }: Sizes,
  intercept: boolean,
): Placed {
  const scales = draw.pick(["1", "1", "1", "decade", "decade", "decades", "common", "mixed"]);
  const common = 10 ** draw.uniform(-12, 12);
  const scaleOf: { readonly [name: string]: () => number } = {
    "1": () => 1,
    decade: () => 10 ** draw.uniform(-1, 1),
    decades: () => 10 ** draw.uniform(-3, 3),
    common: () => common,
    mixed: () => 10 ** draw.uniform(-12, 12),
  };
  const drawnRatio = draw.chance(0.04) ? draw.pick([1e5, 1e6]) : draw.pick([0, 0, 0, 1, 1, 1e2, 1e3, 1e4]);
  const ratio = intercept ? drawnRatio : Math.min(drawnRatio, 1e3);
  const sparse = draw.chance(0.12);
  const values = new Float64Array(latent.length);
  for (let d = 0; d < features; d++) {
    const scale = scaleOf[scales]();
    const kept = sparse && draw.chance(0.7) ? draw.uniform(0.05, 0.5) : 1;
    const offset = kept < 1 || draw.chance(0.3) ? 0 : ratio * draw.pick([-1, 1]);
    for (let n = 0; n < count; n++) {
      const value = kept < 1 && !draw.chance(kept) ? 0 : latent[n * features + d];
      values[n * features + d] = scale * (value + offset);
    }
  }
  const notes = sparse ? ["sparse"] : [];
  if (features > 1 && draw.chance(0.1)) {
    const [from, to] = [draw.integer(0, features - 2), features - 1];
    const times = draw.pick([1, 1, -1, 4, 1 / 1024]);
    for (let n = 0; n < count; n++) values[n * features + to] = times * values[n * features + from];
    notes.push("duplicated column");
  }
  if (draw.chance(0.07)) {
    const at = draw.integer(0, features - 1);
    const constant = draw.pick([0, 1, 3, 1e4]) * scaleOf[scales]();
    for (let n = 0; n < count; n++) values[n * features + at] = constant;
    notes.push("constant column");
  }
  return { values, scales, ratio, notes };
}

/** Weights over decades with some zeros, or whole numbers, or none. At least one is not 0. */
function drawWeights(draw: Draw, count: number): Float32Array | undefined {
  const kind = draw.uniform(0, 1);
  if (kind > 0.3) return undefined;
  const decades = draw.uniform(0, 3);
  const weights = Float32Array.from({ length: count }, () => {
    if (draw.chance(0.15)) return 0;
    return kind < 0.2 ? 10 ** draw.uniform(-decades, decades) : draw.integer(1, 5);
  });
  if (weights.every((weight) => weight === 0)) weights.fill(1);
  return weights;
}

function drawSettings(draw: Draw) {
  return {
    kind: draw.pick<SolverKind>(["lbfgs", "lbfgs", "lbfgs+l1", "newton"]),
    intercept: draw.chance(0.8),
    standardize: draw.chance(0.25),
    tolerance: draw.chance(0.75) ? undefined : draw.pick([1e-4, 1e-5, 1e-6, 1e-7, 1e-8]),
  };
}

/** Converts the features to a random accepted type, and returns their values in that type as `x`. */
function asGiven(
  draw: Draw,
  { values }: Placed,
  features: number,
): { readonly data: Pick<TrainingData, "x" | "features" | "scale">; readonly x: Float64Array } {
  const type = draw.uniform(0, 1);
  if (type < 0.08) {
    const bytes = Uint8Array.from(values, () => 0);
    const ranges = Array.from({ length: features }, (_, d) => {
      const column = values.filter((_, i) => i % features === d);
      const [low, high] = [column.reduce((a, b) => Math.min(a, b)), column.reduce((a, b) => Math.max(a, b))];
      const width = draw.pick([255, 255, 40, 3]);
      return { low, width, per: high > low ? width / (high - low) : 0 };
    });
    for (let i = 0; i < bytes.length; i++) {
      const { low, width, per } = ranges[i % features];
      bytes[i] = Math.round((values[i] - low) * per) + (255 - width);
    }
    const scale = draw.pick([1 / 255, 1 / 255, 1, 1e-3]);
    return { data: { x: bytes, features, scale }, x: Float64Array.from(bytes, (byte) => scale * byte) };
  }
  if (type < 0.5) {
    const floats = Float32Array.from(values);
    return { data: { x: floats, features }, x: Float64Array.from(floats) };
  }
  if (type < 0.7) return { data: { x: values, features }, x: values };
  const rows = Array.from({ length: values.length / features }, (_, n) =>
    Array.from(values.subarray(n * features, (n + 1) * features)),
  );
  return { data: { x: rows }, x: values };
}

/**
 * Draws l2, C or neither, and l1 relative to the gradient at 0: a larger l1 leaves a feature's weights at 0.
 */
function drawPenalty(draw: Draw, base: Omit<DenseProblem, "l1" | "l2">, kind: SolverKind) {
  const total = base.weights.reduce((a, b) => a + b, 0);
  const C = draw.logUniform(1e-6, 1e8);
  const how = draw.uniform(0, 1);
  const l1 = gradientAtZero(base, draw.integer(0, base.features - 1)) * 10 ** draw.uniform(-4, 0.2);
  if (kind === "lbfgs+l1" && l1 > 0) {
    const l2 = how < 0.5 ? 0 : 1 / (C * total);
    return { l1, l2, flags: [], options: how < 0.5 ? { l1 } : how < 0.75 ? { l1, l2 } : { l1, C } };
  }
  if (how < 0.04) return { l1: 0, l2: 0, flags: ["unpenalised" as const], options: { l2: 0 } };
  if (how < 0.1) return { l1: 0, l2: 1 / total, flags: [], options: {} };
  const l2 = 1 / (C * total);
  return { l1: 0, l2, flags: [], options: how < 0.2 ? { l2 } : { C } };
}

function drawStart(draw: Draw, problem: DenseProblem): RandomProblem["start"] {
  const how = draw.uniform(0, 1);
  if (how < 0.6) return "zeros";
  if (how < 0.8) return "centroids";
  if (how < 0.9) return { fit: { solver: "lbfgs", C: draw.logUniform(1e-4, 1e4), maxIterations: 30 } };
  const { features, classes } = problem;
  const { mean, deviation } = deviations(problem);
  const size = 10 ** draw.uniform(-2, 1);
  const shared = draw.chance(0.5) ? 0 : draw.normal(); // a shift that does not change the softmax
  const weights = Float32Array.from({ length: features * classes }, (_, i) => {
    const spread = deviation[Math.floor(i / classes)];
    return ((draw.normal() + shared) * size) / (spread > 0 ? spread : 1);
  });
  const bias = Float32Array.from({ length: classes }, (_, k) => {
    const moved = mean.reduce((sum, one, d) => sum + one * weights[d * classes + k], 0);
    return draw.normal() - moved;
  });
  return { classes: Array.from({ length: classes }, (_, k) => k), features, weights, bias };
}
