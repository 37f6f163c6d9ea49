/**
 * An objective with soft targets. With targets t instead of the labels' one-hot y, a row's loss is
 *
 *   −Σₖ tₖ log sₖ = −log s_y + ⟨W, x ⊗ (y − t)⟩,
 *
 * since log s = z − log Σ e^z and both y and t add up to 1. So F differs by the linear term ⟨W, C⟩, the tilt,
 * with C the sum of weight·x ⊗ (y − t), and with offsets o also by a constant, the sum of weight·o·(y − t).
 * They are computed once, and engines need not know of them.
 */
import type { DescentProblem } from "../../engine/descent.js";
import type { ConjugateStep, ConjugateSystem } from "../../engine/conjugate-system.js";
import type { Objective } from "../../engine/objective.js";
import { plus } from "../../engine/terms.js";
import type { Vector, VectorSpace } from "../../engine/vectors.js";
import type { Sums, Trial } from "../../core/sums.js";
import { type RowSource, readChosenBlocks } from "../../core/row-source.js";
import type { FlatFeatures, FloatArray, RowHead } from "../../core/rows.js";
import { inBlocks } from "../../math/pieces.js";

/** Computes C = Σ weight·[x, 1] ⊗ (y − t) over the chosen rows: (features + 1, classes). */
async function linearTermOf(
  data: RowSource,
  chosen: Uint32Array,
  { classes, intercept, smoothing = 0 }: Pick<DescentProblem, "classes" | "intercept" | "smoothing">,
): Promise<Float64Array> {
  const { features, scale, labels, weights, targets } = data;
  const size = (features + 1) * classes;
  const byLabel = new Float64Array(size); // Σ weight·[x, 1] ⊗ y
  const byTarget = targets ? new Float64Array(size) : byLabel;
  const add = (sums: Float64Array, values: FlatFeatures, k: number, amount: number) => {
    for (let d = 0; d < features; d++) {
      const value = values[d];
      if (value !== 0) sums[d * classes + k] += amount * scale * value;
    }
    if (intercept) sums[features * classes + k] += amount;
  };
  for await (const { x, first, chosen: rows } of readChosenBlocks(data, chosen)) {
    await inBlocks(rows, features * classes, (some) => {
      for (const row of some) {
        const weight = weights ? weights[row] : 1;
        const values = x.subarray((row - first) * features, (row - first + 1) * features);
        add(byLabel, values, labels[row], weight);
        if (!targets) continue;
        for (let k = 0; k < classes; k++) {
          const target = targets[row * classes + k];
          if (target > 0) add(byTarget, values, k, weight * target);
        }
      }
    });
  }
  return byLabel.map((sum, i) => {
    const feature = i - (i % classes);
    const mean = byLabel.subarray(feature, feature + classes).reduce((a, b) => a + b, 0) / classes;
    return sum - (1 - smoothing) * byTarget[i] - smoothing * mean;
  });
}

/** Computes Σ weight·o·(y − t) over the chosen rows; 0 without offsets. */
function constantTermOf(
  { labels, weights, targets, offsets }: RowHead,
  chosen: Uint32Array,
  { classes, smoothing = 0 }: Pick<DescentProblem, "classes" | "smoothing">,
): number {
  if (!offsets) return 0;
  let sum = 0;
  for (const row of chosen) {
    const first = row * classes;
    const own = offsets[first + labels[row]];
    for (let k = 0; k < classes; k++) {
      const given = targets ? targets[first + k] : Number(k === labels[row]);
      const target = (1 - smoothing) * given + smoothing / classes;
      sum += (weights ? weights[row] : 1) * target * (own - offsets[first + k]);
    }
  }
  return sum;
}

/** What targets add to the sum of the losses at w: ⟨w, C⟩ and a constant. */
export interface TargetTerms {
  /** C, (features + 1, classes). */
  readonly linear: FloatArray;
  readonly constant: number;
}

/** Computes both over the chosen rows. Smoothing ε makes (1 − ε)·t + ε/K of the rows' targets. */
export async function targetTermsOf(
  data: RowSource,
  chosen: Uint32Array,
  problem: Pick<DescentProblem, "classes" | "intercept" | "smoothing">,
): Promise<TargetTerms> {
  return {
    linear: await linearTermOf(data, chosen, problem),
    constant: constantTermOf(data, chosen, problem),
  };
}

/** An objective of labels plus the linear term ⟨W, C⟩ and the constant. */
export class SoftTargetObjective implements Objective {
  readonly space: VectorSpace;
  readonly #objective: Objective;
  readonly #scale: number;
  readonly #tilt: Vector;
  readonly #constant: number;
  readonly #validation: { readonly tilt: Vector; readonly constant: number } | undefined;
  /** What is added to the loss at the last w evaluated, the direction p, and ⟨p, C⟩. */
  #here = 0;
  #direction: Vector | undefined;
  #ahead: number | undefined;

  /**
   * `scale` is the objective's. The terms, unscaled, are those of the training rows and of the validation
   * rows.
   */
  constructor(objective: Objective, scale: number, training: TargetTerms, validation?: TargetTerms) {
    const { space } = objective;
    this.space = space;
    this.#objective = objective;
    this.#scale = scale;
    this.#tilt = space.vector(training.linear);
    this.#constant = training.constant;
    this.#validation = validation && { ...validation, tilt: space.vector(validation.linear) };
  }

  linearize(w: Vector, gradient: Vector): Promise<Sums> {
    return this.#tilted(this.#objective.linearize(w, gradient), w, gradient);
  }

  step(t: number, w: Vector, gradient: Vector): Promise<Sums> {
    return this.#tilted(this.#objective.step(t, w, gradient), w, gradient);
  }

  async #tilted(computing: Promise<Sums>, w: Vector, gradient: Vector): Promise<Sums> {
    this.space.combine(gradient, plus(gradient, this.#scale, this.#tilt));
    const [sums, [product]] = await Promise.all([computing, this.space.products([[w, this.#tilt]])]);
    this.#here = product.sum + this.#constant;
    return { ...sums, loss: sums.loss + this.#here };
  }

  setDirection(direction: Vector): void {
    this.#direction = direction;
    this.#ahead = undefined;
    this.#objective.setDirection(direction);
  }

  async evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const [trials, ahead] = await Promise.all([this.#objective.evaluateAlong(ts), this.#slope()]);
    this.#ahead = ahead;
    return trials.map(({ loss, slope, curvature }, n) => ({
      loss: loss + this.#here + ts[n] * ahead,
      slope: slope + ahead,
      curvature,
    }));
  }

  async #slope(): Promise<number> {
    if (this.#ahead !== undefined || !this.#direction) return this.#ahead ?? 0;
    const [product] = await this.space.products([[this.#direction, this.#tilt]]);
    return product.sum;
  }

  async evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    const computing = this.#objective.evaluate(w, rows);
    if (!this.#validation) return computing;
    const { tilt, constant } = this.#validation;
    const [sums, [product]] = await Promise.all([computing, this.space.products([[w, tilt]])]);
    return { ...sums, loss: sums.loss + product.sum + constant };
  }

  get kernels(): string {
    return this.#objective.kernels;
  }

  curvature(v: Vector, to: Vector): void {
    this.#objective.curvature(v, to);
  }

  get stepsAhead(): number {
    return this.#objective.stepsAhead;
  }

  conjugateSteps(system: ConjugateSystem, count: number): Promise<ConjugateStep[]> {
    return this.#objective.conjugateSteps(system, count);
  }

  logits(): Promise<FloatArray> {
    return this.#objective.logits();
  }

  directionLogits(): Promise<FloatArray> {
    return this.#objective.directionLogits();
  }

  release(): void {
    this.#objective.release();
  }
}
