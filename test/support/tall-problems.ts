/**
 * Random problems for the convergence tests of so many rows and weights that a sample of the rows bounds the
 * distance of L-BFGS. The seed alone reproduces a problem. Most are hard to sample: rows are sorted by class,
 * few of them have a feature or a class, or weigh as much as all others, or are not classified.
 */
import { randomIntegers } from "../../src/core/random.js";
import type { TrainOptions } from "../../src/index.js";
import { Draw } from "./draw.js";
import type { RandomProblem } from "./random-problems.js";

const KINDS = ["plain", "heavy tails", "rare features", "one-hot", "rare classes", "weights", "hard rows"];

export function tallProblem(seed: number): RandomProblem {
  const draw = new Draw(randomIntegers(seed + 2 ** 40));
  const count = Math.round(draw.logUniform(4096, 6000));
  const classes = draw.integer(3, 8);
  const features = Math.ceil(95 / classes) + draw.integer(0, 3);
  const kind = draw.pick(KINDS);
  const strength = draw.pick([0.3, 1, 3, 10, Infinity]);
  const sorted = draw.chance(0.4);
  const collinear = draw.chance(0.3);
  const x = drawFeatures(draw, kind, { count, features });
  if (collinear) {
    const apart = 10 ** -draw.uniform(1, 4);
    for (let i = features - 1; i < x.length; i += features) x[i] = x[i - 1] + apart * x[i];
  }
  const labels = drawLabels(draw, kind, x, { count, features, classes }, strength);
  const weights = kind === "weights" ? drawWeights(draw, count) : undefined;
  const order = Array.from({ length: count }, (_, n) => n);
  if (sorted) order.sort((a, b) => labels[a] - labels[b]);
  const values = Float64Array.from(
    x,
    (_, i) => x[order[Math.floor(i / features)] * features + (i % features)],
  );
  const y = Uint32Array.from(order, (n) => labels[n]);
  const own = weights && Float32Array.from(order, (n) => weights[n]);
  const total = own?.reduce((a, b) => a + b, 0) ?? count;
  const C = draw.logUniform(1e-4, 1e6);
  const tolerance = draw.pick([undefined, 1e-4, 1e-6]);
  const options: TrainOptions<number> = { solver: "lbfgs", C, ...(tolerance !== undefined && { tolerance }) };
  return {
    seed,
    kind: "lbfgs",
    data: { x: values, features, y: Array.from(y), ...(own && { weights: own }) },
    options,
    start: draw.chance(0.8) ? "zeros" : "centroids",
    flags: [],
    dense: {
      count,
      features,
      classes,
      x: values,
      labels: y,
      weights: own ? Float64Array.from(own) : new Float64Array(count).fill(1),
      l1: 0,
      l2: 1 / (C * total),
      intercept: true,
      standardize: false,
    },
    description: [
      `N ${count}, D ${features}, K ${classes}`,
      kind,
      `labels of strength ${strength}`,
      ...(sorted ? ["sorted by class"] : []),
      ...(collinear ? ["collinear"] : []),
      JSON.stringify(options),
    ].join(", "),
  };
}

interface Sizes {
  readonly count: number;
  readonly features: number;
}

/** (rows, features) */
function drawFeatures(draw: Draw, kind: string, { count, features }: Sizes): Float64Array {
  const keep = Array.from({ length: features }, () => (draw.chance(0.5) ? 10 ** -draw.uniform(1, 3.6) : 1));
  const hot = Array.from({ length: count }, () => Math.floor(features * draw.uniform(0, 1) ** 5));
  return Float64Array.from({ length: count * features }, (_, i) => {
    const d = i % features;
    if (kind === "one-hot") return d === hot[Math.floor(i / features)] ? 1 : 0;
    const value = draw.normal();
    if (kind === "heavy tails") return Math.sinh(1.5 * value);
    return kind === "rare features" && !draw.chance(keep[d]) ? 0 : value;
  });
}

/** Every class has a row. */
function drawLabels(
  draw: Draw,
  kind: string,
  x: Float64Array,
  { count, features, classes }: Sizes & { readonly classes: number },
  strength: number,
): Uint32Array {
  const truth = Float64Array.from({ length: features * classes }, () => draw.normal());
  const prior = Array.from({ length: classes }, (_, k) => (kind === "rare classes" && k > 0 ? -7 : 0));
  const size = strength === Infinity ? 1 : strength;
  const labels = Uint32Array.from({ length: count }, (_, n) => {
    let [best, highest] = [0, -Infinity];
    for (let k = 0; k < classes; k++) {
      let z = prior[k] + (strength === Infinity ? 0 : draw.gumbel());
      for (let d = 0; d < features; d++) {
        z += (size * x[n * features + d] * truth[d * classes + k]) / Math.sqrt(features);
      }
      if (z > highest) [best, highest] = [k, z];
    }
    return best;
  });
  const wrong = kind === "hard rows" ? draw.integer(1, 20) : 0;
  for (let n = 0; n < wrong; n++) labels[draw.integer(0, count - 1)] = draw.integer(0, classes - 1);
  for (let k = 0; k < classes; k++) labels[draw.integer(0, count / classes - 1) * classes + k] = k;
  return labels;
}

/** Over decades, or with a few rows that weigh as much as all others. */
function drawWeights(draw: Draw, count: number): Float32Array {
  const decades = draw.uniform(1, 4);
  const few = draw.chance(0.5);
  return Float32Array.from({ length: count }, () => {
    if (few) return draw.chance(0.001) ? count : 1;
    return draw.chance(0.1) ? 0 : 10 ** draw.uniform(0, decades);
  });
}
