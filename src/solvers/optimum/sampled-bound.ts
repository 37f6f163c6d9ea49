/**
 * Bounds F − F* from above by a sample of the rows, at a small part of what all rows cost.
 *
 * Let H be the Hessian of F, Ĥ that of a random part f of the rows, each counted 1/f times, and both with the
 * penalty. ½·g·Ĥ⁻¹·g is expected to be above ½·g·H⁻¹·g, since the mean of inverses is above the inverse of
 * the mean. It is below where the sample exaggerates the curvature along u = H⁻¹·g, and by no more than that:
 * g·H⁻¹·g ≤ g·Ĥ⁻¹·g · (u·Ĥ·u)/(u·H·u), by Cauchy–Schwarz. docs/design/optimum.md derives `exaggeration`, the
 * bound of that ratio.
 */
import type { Objective } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { FloatArray } from "../../core/rows.js";
import { ConjugateGradients, type Preconditioner, SETTLED } from "./conjugate-gradients.js";
import type { Scaling } from "./method.js";
import { LEAST_ERROR, NewtonModel } from "./newton-model.js";

/** A sample of the rows. Vectors of its objective are its own. */
export interface RowSample {
  /** Its scale is that of all rows divided by `share`. */
  readonly objective: Objective;
  readonly scale: number;
  readonly preconditioner: Preconditioner;
  readonly classes: number;
  /** (rows of the sample) their weights. Default: 1 each. */
  readonly weights?: FloatArray;
  /** The part f of the rows that it has. */
  readonly share: number;
}

/** Deviations of the sampled curvature that the bound allows for. */
const DEVIATIONS = 3;
/** How much the bound is expected to exceed the model's distance. */
const EXPECTED = 1.6;

export interface SampledBoundContext {
  /** The objective of all rows, which is at the weights. */
  readonly objective: Objective;
  readonly scaling: Scaling;
  readonly tolerance: number;
  readonly openSample: () => Promise<RowSample>;
}

/**
 * What a sample says of a point: an upper bound of F − F*, or that there is none: the distance of the model
 * alone is too large ("far"), or it takes all rows to tell ("unknown").
 */
export type SampledDistance = number | "far" | "unknown";

export class SampledBound {
  /** Passes over all rows so far. */
  passes = 0;
  readonly #context: SampledBoundContext;
  readonly #centred: Vector;
  #sample: { readonly sample: RowSample; readonly equation: ConjugateGradients } | undefined;

  constructor(context: SampledBoundContext) {
    this.#context = context;
    this.#centred = context.objective.space.vector();
  }

  /** Bounds F − F* at w, where g is ∇F. Solves until it is known whether that is within `allowed`. */
  async at(w: Vector, g: Vector, allowed: number): Promise<SampledDistance> {
    const { objective, scaling, tolerance } = this.#context;
    const { sample, equation } = (this.#sample ??= await this.#open());
    const { space } = sample.objective;
    const count = (passes: number) => (this.passes += sample.share * passes);
    // 1. Go to the same point on the sample.
    const [weights, gradient] = await Promise.all([objective.space.read(w), objective.space.read(g)]);
    count(1);
    await sample.objective.linearize(space.vector(weights), space.vector());
    // 2. Solve Newton's equation with the Hessian of the sample and the gradient of all rows.
    const hopeless = allowed / LEAST_ERROR;
    const { slope, lower, upper } = await equation.solve(space.vector(gradient), {
      forcing: 0,
      distance: hopeless / EXPECTED,
      hopeless,
      more: () => count(1) > 0,
    });
    if (lower > hopeless) return "far";
    // Parts of single rows can be told only along a step that is nearly exact.
    if (upper > SETTLED * lower) return "unknown";
    // 3. Allow for the error of the sample, and for that of the quadratic model along the step on all rows.
    count(0.5);
    const exaggerated = await exaggeration(sample, equation.p, -slope);
    const p = objective.space.vector(await space.read(equation.p));
    const model = new NewtonModel(objective, scaling, { tolerance });
    const above = await model.above(exaggerated * upper, p, -slope);
    this.passes += model.passes;
    return above + (await this.#uncentred(w));
  }

  async #open() {
    const sample = await this.#context.openSample();
    return { sample, equation: new ConjugateGradients(sample.objective, sample.preconditioner) };
  }

  /** Half of the penalty on the weights' means over the classes, which the equation leaves out. */
  async #uncentred(w: Vector): Promise<number> {
    const { space } = this.#context.objective;
    space.combine(this.#centred, [[1, w]]);
    space.centre(this.#centred);
    const [whole, centred] = await space.products([
      [w, w],
      [this.#centred, this.#centred],
    ]);
    return Math.max(0, whole.penalised - centred.penalised) / 2;
  }
}

/**
 * Returns a bound of how many times the sample exaggerates the curvature along the Newton step, from the
 * parts that single rows have in the curvature along p, where p·Ĥ·p = `curvature`: some deviations of their
 * sum, and for the largest one that it may be the only row of its kind.
 */
async function exaggeration(
  { objective, scale, classes, weights, share }: RowSample,
  p: Vector,
  curvature: number,
): Promise<number> {
  objective.setDirection(p);
  const [z, change] = await Promise.all([objective.logits(), objective.directionLogits()]);
  let [largest, squares] = [0, 0];
  for (let row = 0; row * classes < z.length; row++) {
    const at = row * classes;
    const own = (weights?.[row] ?? 1) * varianceOf(z, change, at, at + classes);
    const part = (scale * own) / curvature;
    largest = Math.max(largest, part);
    squares += part * part;
  }
  return 1 + DEVIATIONS * Math.sqrt(squares) + (1 / share - 1) * largest;
}

/** The variance of the changes under the softmax of z: a row's curvature along them. */
function varianceOf(z: FloatArray, change: FloatArray, from: number, to: number): number {
  let top = -Infinity;
  for (let i = from; i < to; i++) top = Math.max(top, z[i]);
  let [total, mean] = [0, 0];
  for (let i = from; i < to; i++) {
    const s = Math.exp(z[i] - top);
    total += s;
    mean += s * change[i];
  }
  mean /= total;
  let variance = 0;
  for (let i = from; i < to; i++) variance += Math.exp(z[i] - top) * (change[i] - mean) ** 2;
  return variance / total;
}
