/**
 * Checks an objective's results against f64: each is replayed from the engine's own inputs, and its error is
 * divided by a bound derived as in `src/parity/step.ts`.
 */
import { randomIntegers, range, shuffle } from "../../src/core/random.js";
import type { Engine } from "../../src/engine/engine.js";
import type { ObjectiveProblem } from "../../src/engine/objective.js";
import type { Vector } from "../../src/engine/vectors.js";
import { type FloatArray, type Rows, labelledOnly, selectInF64 } from "../../src/core/rows.js";
import { logits, offsetLogits, residual, trial } from "../../src/math/passes.js";
import {
  SUM,
  curvatureRatio,
  gradientRatio,
  logitBounds,
  lossRatio,
  offsetLogitBounds,
} from "../../src/parity/objective.js";
import { TINY, U, gamma, ratio, residualBounds, softmaxBounds } from "../../src/parity/step.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { conjugateRatio } from "./conjugate-steps.js";
import { orthantRatio } from "./orthants.js";
import { penaltiesOf, randomWeights } from "./problems.js";
import { centreRatio, multiplyRatio, total } from "./vector-ratios.js";

export const LOOKS = [
  "logits",
  "losses",
  "gradient",
  "along",
  "trials",
  "move",
  "curvature",
  "vectors",
  "orthant",
  "conjugate",
] as const;
export type Look = (typeof LOOKS)[number];
export type Looks = Readonly<Record<Look, number>>;

export function objectiveOf(rows: Rows, classes: number, intercept = true): ObjectiveProblem {
  const order = range(rows.count);
  shuffle(order, randomIntegers(5));
  const some = rows.count > 5 ? order.subarray(0, rows.count - 2) : order;
  return { classes, intercept, scale: 1 / some.length, ...penaltiesOf(rows.features), rows: some };
}

/**
 * Evaluates everything that an objective computes. Returns error ÷ bound of each result, and NaN for those
 * that `looks` leaves out, which spares their computation in f64.
 */
export async function lookAround(
  engine: Engine,
  rows: Rows,
  problem: ObjectiveProblem,
  seed: number,
  looks: readonly Look[] = LOOKS,
): Promise<Looks> {
  const { classes } = problem;
  const shape = { ...rows, classes };
  const data = selectInF64(labelledOnly(rows), problem.rows); // objectives are of the labels
  const all = range(data.count);
  const placement = await engine.place(rows);
  const objective = await placement.objective(problem);
  const { space } = objective;
  try {
    const [w, p] = [randomWeights(shape, seed), randomWeights(shape, seed + 1, 0.3)];
    const [at, along, moved, g, h] = [w, p, undefined, undefined, undefined].map((values) =>
      space.vector(values),
    );
    const read = async (vector: Vector) => Float64Array.from(await space.read(vector));
    const sums = await objective.linearize(at, g);
    const z = Float64Array.from(await objective.logits());
    const firstGradient = await read(g);

    objective.setDirection(along);
    const change = await objective.directionLogits();
    const ts = [0, 1, -0.3];
    const trials = await objective.evaluateAlong(ts);

    const t = 0.4;
    space.combine(moved, [
      [1, at],
      [t, along],
    ]);
    await objective.step(t, moved, g);
    const movedTo = await read(moved);
    const zMoved = Float64Array.from(await objective.logits());
    const movedGradient = await read(g);

    objective.curvature(along, h);
    const curved = await read(h);

    const spiked = withSpike(p, data.features, classes);
    const [product, power, negative] = await space.products([
      [g, along],
      [along, along],
      [along, space.vector(spiked)],
    ]);
    const square = symmetric(data.features + 1, seed + 2);
    space.multiply(h, space.matrix(square), along);
    const multiplied = await read(h);
    space.centre(h);
    const centred = await read(h);

    const exactLogits = (of: FloatArray) => logits(data, all, of, classes);
    const logitRatio = () => {
      const bounds = offsetLogitBounds(data, w, classes);
      return ratio(z, offsetLogits(data, all, w, classes), (i) => bounds[i]);
    };
    const changeRatio = () => {
      const { delta, bounds } = direction();
      return ratio(change, delta, (i) => bounds[i]);
    };
    const direction = once(() => ({ delta: exactLogits(p), bounds: logitBounds(data, p, classes) }));
    const trialAt = (n: number) => {
      const { delta, bounds } = direction();
      return trialsRatio(data, classes, z, delta, bounds, ts[n], trials[n]);
    };
    const movedLogitRatio = () => {
      const { delta, bounds } = direction();
      return ratio(
        zMoved,
        z.map((zi, i) => zi + t * delta[i]),
        (i) => t * bounds[i] + U * (Math.abs(z[i]) + 3 * Math.abs(t * delta[i])) + TINY,
      );
    };
    const vectorRatios = () => {
      const sum = movedTo.map((_, i) => w[i] + t * p[i]);
      const factor = Float64Array.from(p);
      return [
        centreRatio(multiplied, classes, centred),
        multiplyRatio(square, factor, classes, multiplied),
        ratio(movedTo, sum, (i) => 2 * U * (Math.abs(w[i]) + Math.abs(t * p[i])) + TINY),
        productRatio(movedGradient, factor, problem, product),
        productRatio(factor, factor, problem, power),
        productRatio(factor, Float64Array.from(spiked), problem, negative),
      ];
    };
    const when = <R>(look: Look, ratioOf: () => R) => (looks.includes(look) ? ratioOf() : NaN);
    return {
      logits: when("logits", logitRatio),
      losses: when("losses", () => lossRatio(data, classes, z, sums.loss)),
      gradient: when("gradient", () => gradientRatio(data, problem, z, w, firstGradient)),
      along: when("along", () => maxOrInfinity(changeRatio(), trialAt(0))),
      trials: when("trials", () => ts.map((_, n) => trialAt(n)).reduce(maxOrInfinity)),
      move: when("move", () =>
        maxOrInfinity(movedLogitRatio(), gradientRatio(data, problem, zMoved, movedTo, movedGradient)),
      ),
      curvature: when("curvature", () => curvatureRatio(data, problem, zMoved, p, curved)),
      vectors: when("vectors", () => vectorRatios().reduce(maxOrInfinity)),
      conjugate: await when("conjugate", () => conjugateRatio(objective, shape, seed + 4)),
      orthant: await when("orthant", () => orthantRatio(space, shape, seed + 3, problem.l1)),
    };
  } finally {
    objective.release();
    placement.release();
  }
}

/** Returns a function that computes its value when it is first called. */
function once<T>(compute: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => (found ??= { value: compute() }).value;
}

/** Checks losses, slope and curvature at Z + t·ΔZ, where the error of ΔZ is at most `deltaBounds`. */
function trialsRatio(
  data: Rows,
  classes: number,
  z: Float64Array,
  delta: Float64Array,
  deltaBounds: Float64Array,
  t: number,
  found: { readonly loss: number; readonly slope: number; readonly curvature: number },
): number {
  const all = range(data.count);
  const exact = trial(data, all, z, delta, t, classes);
  const bound = { loss: 0, slope: 0, curvature: 0 };
  for (let n = 0; n < data.count; n++) {
    const row = range(classes).map((k) => n * classes + k);
    const weight = data.weights ? data.weights[n] : 1;
    const label = data.labels[n];
    const d = Float64Array.from(row, (i) => delta[i]);
    const dOff = Float64Array.from(row, (i) => deltaBounds[i]);
    const moved = Float64Array.from(row, (i) => z[i] + t * delta[i]);
    const zOff = Float64Array.from(
      row,
      (i) => Math.abs(t) * deltaBounds[i] + U * (Math.abs(z[i]) + 3 * Math.abs(t * delta[i])) + TINY,
    ).reduce((a, b) => Math.max(a, b), 0);
    const { p, relative } = softmaxBounds(moved);
    const one = selectInF64(data, Uint32Array.of(n));
    const additions = gamma(classes + 3);
    let [mean, square, meanOff, squareOff] = [0, 0, 0, 0];
    p.forEach((pk, k) => {
      const off = Math.expm1(relative[k] + 2 * zOff) + additions;
      mean += pk * d[k];
      square += pk * d[k] * d[k];
      meanOff += pk * (Math.abs(d[k]) * off + dOff[k] * (1 + off));
      squareOff += pk * (d[k] * d[k] * off + dOff[k] * (2 * Math.abs(d[k]) + dOff[k]) * (1 + off));
    });
    const loss = residual(one, range(1), moved, classes).sums.loss;
    bound.loss += residualBounds(one, moved, classes).losses[0] + weight * 2 * zOff + SUM * Math.abs(loss);
    bound.slope +=
      weight * (meanOff + dOff[label] + (2 * U + SUM) * (Math.abs(mean) + Math.abs(d[label]))) + TINY;
    bound.curvature +=
      weight *
        (squareOff + 2 * Math.abs(mean) * meanOff + meanOff ** 2 + (3 * U + SUM) * (square + mean * mean)) +
      TINY;
  }
  return (["loss", "slope", "curvature"] as const)
    .map((what) => ratio([found[what]], Float64Array.of(exact[what]), () => bound[what]))
    .reduce(maxOrInfinity);
}

/**
 * A vector whose product with p has its largest element at the third of four features and of four classes,
 * and negative.
 */
function withSpike(p: Float32Array, features: number, classes: number): Float32Array {
  const at = Math.min(features, 2) * classes + Math.min(classes - 1, 2);
  return p.map((value, i) => (i === at ? -100 / value : value));
}

/**
 * A product with a penalty has two more roundings than the others: the penalty and the multiplication by it.
 */
function productRatio(
  a: Float64Array,
  b: Float64Array,
  { classes, penalties }: ObjectiveProblem,
  found: { readonly sum: number; readonly penalised: number; readonly largest: number },
): number {
  const each = a.map((one, i) => one * b[i]);
  const most = each.map(Math.abs);
  const penalised = each
    .subarray(0, a.length - classes)
    .map((one, i) => penalties[Math.floor(i / classes)] * one);
  const bounds = [
    SUM * total(most) + TINY * a.length,
    (SUM + gamma(2)) * total(penalised.map(Math.abs)) +
      TINY * (a.length + classes * total(Float64Array.from(penalties))),
  ];
  const sums = ratio(
    [found.sum, found.penalised],
    Float64Array.of(total(each), total(penalised)),
    (i) => bounds[i],
  );
  const largest = most.reduce((x, y) => Math.max(x, y), 0);
  return maxOrInfinity(
    sums,
    ratio([found.largest], Float64Array.of(largest), () => 2 * U * largest + TINY),
  );
}

function symmetric(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, at) =>
    Math.sin(seed + Math.floor(at / size) * (at % size)),
  );
}
