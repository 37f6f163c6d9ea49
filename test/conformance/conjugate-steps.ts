/** Checks a step of conjugate gradients against f64, from what the engine itself says that it began with. */
import type { ConjugateSystem } from "../../src/engine/conjugate-system.js";
import type { FloatArray } from "../../src/core/rows.js";
import type { Objective } from "../../src/engine/objective.js";
import type { Vector } from "../../src/engine/vectors.js";
import { SUM } from "../../src/parity/objective.js";
import { TINY, U, ratio } from "../../src/parity/step.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { type Shape, randomWeights } from "./problems.js";
import { centreRatio, multiplyRatio } from "./vector-ratios.js";

type Name = Exclude<keyof ConjugateSystem, "matrix" | "free">;

/**
 * The largest error ÷ bound of what a step computes, with a preconditioner and without: H·d, M·H·d, the
 * length, the products and the four vectors that it changes.
 */
export async function conjugateRatio(objective: Objective, shape: Shape, seed: number): Promise<number> {
  const matrix = nearIdentity(shape.features + 1, seed);
  return maxOrInfinity(
    await stepRatio(objective, shape, seed, matrix),
    maxOrInfinity(
      await stepRatio(objective, shape, seed + 1, undefined),
      await flatRatio(objective, shape, seed + 2),
    ),
  );
}

/**
 * 0 where a step along a direction without curvature leaves all as it is: one that is the same for all
 * classes in the intercept, which has no penalty.
 */
async function flatRatio(objective: Objective, shape: Shape, seed: number): Promise<number> {
  const { space } = objective;
  const { system, values } = systemOf(objective, shape, seed, undefined);
  const flat = values.d.map((_, i) => (i < shape.features * shape.classes ? 0 : 1));
  space.combine(system.d, [[1, space.vector(flat)]]);
  const [step] = await objective.conjugateSteps(system, 1);
  const found = await Promise.all([system.p, system.r, system.z, system.d].map((one) => space.read(one)));
  const before = [values.p, values.r, values.z, flat];
  const stays = found.every((one, n) => before[n].every((value, i) => value === one[i]));
  return stays && step.length === 0 && step.slope === 0 && step.after === step.before ? 0 : Infinity;
}

async function stepRatio(
  objective: Objective,
  shape: Shape,
  seed: number,
  matrix: Float32Array | undefined,
): Promise<number> {
  const { space } = objective;
  const read = async (vector: Vector) => Float64Array.from(await space.read(vector));
  const { system, values } = systemOf(objective, shape, seed, matrix);
  const product = space.vector();
  objective.curvature(system.d, product);
  const [step] = await objective.conjugateSteps(system, 1);
  const [p, r, z, d, hd, mhd] = await Promise.all(
    [system.p, system.r, system.z, system.d, system.hd, matrix ? system.mhd : system.hd].map(read),
  );
  const along = inner(values.d, hd);
  const before = inner(values.r, values.z);
  const mixed = inner(values.r, mhd);
  const other = inner(values.z, hd);
  const square = inner(hd, mhd);
  const slope = inner(values.g, values.d);
  const { length } = step;
  const after = before.sum - length * (mixed.sum + other.sum) + length ** 2 * square.sum;
  const most = before.most + Math.abs(length) * (mixed.most + other.most) + length ** 2 * square.most;
  const beta = Math.max(0, step.after) / step.before;
  const relative = SUM * (along.most / along.sum + before.most / before.sum);
  return [
    centreRatio(await read(product), shape.classes, hd),
    matrix ? multiplyRatio(matrix, hd, shape.classes, mhd) : 0,
    one(step.before, before.sum, SUM * before.most),
    one(length, before.sum / along.sum, (before.sum / along.sum) * (2 * relative + 4 * U)),
    one(step.after, after, (SUM + 8 * U) * most),
    one(step.slope, length * slope.sum, Math.abs(length) * (SUM + 2 * U) * slope.most),
    moved(p, values.p, length, values.d),
    moved(r, values.r, -length, hd),
    moved(z, values.z, -length, mhd),
    moved(d, z, beta, values.d),
  ].reduce(maxOrInfinity);
}

/** A system of random vectors, where r·z is positive, and their values. */
export function systemOf(
  { space }: Pick<Objective, "space">,
  shape: Shape,
  seed: number,
  matrix: Float32Array | undefined,
): { readonly system: ConjugateSystem; readonly values: Readonly<Record<Name, Float32Array>> } {
  const random = (n: number) => randomWeights(shape, seed + n, 0.3);
  const r = random(1);
  const values = {
    g: random(2),
    p: random(3),
    r,
    z: random(4).map((value, i) => r[i] + value / 2),
    d: random(5),
    // A step overwrites these.
    hd: r,
    mhd: r,
    scratch: r,
  };
  const [g, p, residual, z, d, hd, mhd, scratch] = Object.values(values).map((one) => space.vector(one));
  const preconditioner = matrix && space.matrix(matrix);
  return { system: { g, p, r: residual, z, d, hd, mhd, scratch, matrix: preconditioner }, values };
}

/** Σ aᵢ·bᵢ and Σ |aᵢ·bᵢ| */
function inner(a: ArrayLike<number>, b: FloatArray): { readonly sum: number; readonly most: number } {
  let [sum, most] = [0, 0];
  for (const [i, value] of b.entries()) {
    sum += a[i] * value;
    most += Math.abs(a[i] * value);
  }
  return { sum, most };
}

function one(found: number, exact: number, bound: number): number {
  return ratio([found], Float64Array.of(exact), () => bound + TINY);
}

/** Checks from + factor·along, which rounds the factor, the product and the sum. */
function moved(
  found: Float64Array,
  from: ArrayLike<number>,
  factor: number,
  along: ArrayLike<number>,
): number {
  const exact = found.map((_, i) => from[i] + factor * along[i]);
  return ratio(found, exact, (i) => U * (Math.abs(from[i]) + 4 * Math.abs(factor * along[i])) + TINY);
}

/** A symmetric matrix near the identity. */
export function nearIdentity(size: number, seed: number): Float32Array {
  return Float32Array.from({ length: size * size }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size];
    return (row === column ? 1 : 0) + Math.sin(seed + row * column) / (4 * size);
  });
}
