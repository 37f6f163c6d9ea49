/**
 * Steps of the method of conjugate gradients (Hestenes & Stiefel 1952) with a preconditioner (Nocedal &
 * Wright 2006, algorithm 5.3). Engines that take them on the device follow `conjugateStep`.
 */
import type { ConjugateStep, ConjugateSystem } from "./conjugate-system.js";
import type { Objective } from "./objective.js";
import { plus } from "./terms.js";
import type { Vector } from "./vectors.js";

/**
 * How many times the rounding of its factors the product d·H·d must be: where H·d is closer to orthogonal to
 * d, the curvature along d is only rounding.
 */
export const FLAT = 16;

/** Takes one step by the operations of an objective. */
export async function conjugateStep(objective: Objective, system: ConjugateSystem): Promise<ConjugateStep> {
  const { space } = objective;
  const { g, p, r, z, d, hd, matrix, free } = system;
  // 1. H·d, without its mean over the classes: softmax ignores that, so its rounding errors would stay.
  objective.curvature(d, hd);
  if (free) keepFree(objective, system, hd);
  else space.centre(hd);
  const mhd = matrix ? system.mhd : hd;
  if (matrix) precondition(objective, system, mhd, hd);
  // 2. The products that tell the length of the step, and r·M·r after it.
  const [curved, far, pull, rz, gd, rmhd, zhd, hdmhd] = await space.products([
    [d, hd],
    [d, d],
    [hd, hd],
    [r, z],
    [g, d],
    [r, mhd],
    [z, hd],
    [hd, mhd],
  ]);
  const before = rz.sum;
  if (!(curved.sum > FLAT * space.precision * Math.sqrt(far.sum * pull.sum)))
    return { before, after: before, length: 0, slope: 0 };
  const length = before / curved.sum;
  const after = before - length * (rmhd.sum + zhd.sum) + length ** 2 * hdmhd.sum;
  // 3. The step, and the next direction, conjugate to this one.
  space.combine(p, plus(p, length, d));
  space.combine(r, plus(r, -length, hd));
  space.combine(z, plus(z, -length, mhd));
  space.combine(d, plus(z, Math.max(0, after) / before, d));
  return { before, after, length, slope: length * gd.sum };
}

/** Takes steps one after the other. */
export async function conjugateSteps(
  objective: Objective,
  system: ConjugateSystem,
  count: number,
): Promise<ConjugateStep[]> {
  const steps: ConjugateStep[] = [];
  while (steps.length < count) steps.push(await conjugateStep(objective, system));
  return steps;
}

/** to ← M·v, restricted to the free weights if the system is. `to` must not be `v`. */
export function precondition(
  { space }: Pick<Objective, "space">,
  system: Pick<ConjugateSystem, "matrix" | "free" | "scratch">,
  to: Vector,
  v: Vector,
): void {
  if (!system.matrix) return space.combine(to, [[1, v]]);
  space.multiply(to, system.matrix, v);
  keepFree({ space }, system, to);
}

/** Sets a vector to 0 outside of the free weights, if the system has them. */
function keepFree(
  { space }: Pick<Objective, "space">,
  { free, scratch }: Pick<ConjugateSystem, "free" | "scratch">,
  vector: Vector,
): void {
  if (!free) return;
  space.combine(scratch, [[1, vector]]);
  space.restrict(vector, scratch, free.w, free.d);
}
