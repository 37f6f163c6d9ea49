/**
 * Random problems for the convergence tests with penalty factors, some of them 0, or with offsets, or with
 * both. The seed alone reproduces a problem.
 */
import { randomIntegers } from "../../src/core/random.js";
import { Draw } from "./draw.js";
import type { RandomProblem } from "./random-problems.js";

/** Adds them to a problem of `random-problems.ts` or `tall-problems.ts`. */
export function adjusted(problem: RandomProblem): RandomProblem {
  const draw = new Draw(randomIntegers(problem.seed + 2 ** 41));
  const what = draw.pick(["factors", "offsets", "both"]);
  const { count, features, classes } = problem.dense;
  const isPenalised = problem.dense.l1 > 0 || problem.dense.l2 > 0;
  const factors = what === "offsets" || !isPenalised ? undefined : drawFactors(draw, features);
  const offsets = what === "factors" ? undefined : drawOffsets(draw, count, classes);
  return {
    ...problem,
    data: { ...problem.data, ...(offsets && { offsets }) },
    options: { ...problem.options, ...(factors && { penaltyFactors: factors }) },
    dense: { ...problem.dense, ...(factors && { factors }), ...(offsets && { offsets }) },
    description: [
      problem.description,
      ...(factors ? [`penalty factors ${factors.map((one) => Number(one.toPrecision(2)))}`] : []),
      ...(offsets ? [`offsets up to ${Math.max(...offsets.map(Math.abs)).toPrecision(2)}`] : []),
    ].join(", "),
  };
}

/** Free features, and factors over decades. */
function drawFactors(draw: Draw, features: number): Float64Array {
  const free = draw.pick([0, 0.1, 0.3, 0.6, 1]);
  const decades = draw.pick([0, 0, 1, 3]);
  return Float64Array.from({ length: features }, () =>
    draw.chance(free) ? 0 : 10 ** draw.uniform(-decades, decades),
  );
}

/** Of the size of the logits, far larger in a few rows, or the same for all rows. */
function drawOffsets(draw: Draw, count: number, classes: number): Float64Array {
  const size = draw.pick([0.3, 1, 3, 10]);
  const outliers = draw.pick([0, 0, 0.02]);
  const shared = Array.from({ length: classes }, () => size * draw.normal());
  const isShared = draw.chance(0.2);
  return Float64Array.from({ length: count * classes }, (_, i) =>
    isShared ? shared[i % classes] : size * draw.normal() * (draw.chance(outliers) ? 30 : 1),
  );
}
