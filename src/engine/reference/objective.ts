/** The objective of the reference engine, in f64. Calls run in order, some rows at a time. */
import { conjugateSteps } from "../conjugate-steps.js";
import type { ConjugateStep, ConjugateSystem } from "../conjugate-system.js";
import { type Objective, type ObjectiveProblem } from "../objective.js";
import { type Vector } from "../vectors.js";
import { ZERO_SUMS, type Sums, type Trial, addSums, addTrials } from "../../core/sums.js";
import { type FloatArray, type Rows } from "../../core/rows.js";
import { inBlocks } from "../../math/pieces.js";
import { gradient, hessianResidual, logits, offsetLogits, residual, trial } from "../../math/passes.js";
import {
  type GradientSum,
  type ReferenceContext,
  type RowSum,
  addElements,
  addGradients,
  sumRows,
} from "./sum-rows.js";
import { ReferenceVectors } from "./vectors.js";

export class ReferenceObjective implements Objective {
  readonly stepsAhead = 1;
  readonly kernels = "table";
  readonly space: ReferenceVectors;
  readonly #context: ReferenceContext;
  readonly #problem: ObjectiveProblem;
  /** Z and ΔZ, each (rows, classes). */
  readonly #z: Float64Array;
  readonly #direction: Float64Array;

  constructor(context: ReferenceContext, problem: ObjectiveProblem) {
    this.space = new ReferenceVectors(context, problem);
    this.#context = context;
    this.#problem = problem;
    this.#z = new Float64Array(problem.rows.length * problem.classes);
    this.#direction = new Float64Array(this.#z.length);
  }

  linearize(w: Vector, to: Vector): Promise<Sums> {
    return this.space.inOrder(() =>
      this.#gradient(w, to, (rows, z) => {
        z.set(offsetLogits(this.#data, rows, this.space.values(w), this.#problem.classes));
      }),
    );
  }

  setDirection(direction: Vector): void {
    void this.space.inOrder(() =>
      inBlocks(this.#problem.rows, this.#workPerRow, (rows, first) => {
        this.#context.closing.throwIfAborted();
        const change = logits(this.#data, rows, this.space.values(direction), this.#problem.classes);
        this.#ofRows(this.#direction, rows, first).set(change);
      }),
    );
  }

  evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const add = (left: readonly Trial[], right: readonly Trial[]) =>
      left.map((one, n) => addTrials(one, right[n]));
    return this.space.inOrder(() =>
      this.#sum<Trial[]>({
        zero: () => ts.map(() => ({ loss: 0, slope: 0, curvature: 0 })),
        addRows: (sums, rows, first) => {
          const z = this.#ofRows(this.#z, rows, first);
          const direction = this.#ofRows(this.#direction, rows, first);
          const { classes } = this.#problem;
          return add(
            sums,
            ts.map((t) => trial(this.#data, rows, z, direction, t, classes)),
          );
        },
        merge: add,
      }),
    );
  }

  step(t: number, w: Vector, to: Vector): Promise<Sums> {
    return this.space.inOrder(() =>
      this.#gradient(w, to, (_, z, direction) => {
        for (let i = 0; i < z.length; i++) z[i] += t * direction[i];
      }),
    );
  }

  curvature(v: Vector, to: Vector): void {
    void this.space.inOrder(async () => {
      const { classes } = this.#problem;
      const g = await this.#sum<Float64Array>({
        zero: () => new Float64Array(this.space.values(to).length),
        addRows: (sum, rows, first) => {
          const u = logits(this.#data, rows, this.space.values(v), classes);
          hessianResidual(this.#data, rows, this.#ofRows(this.#z, rows, first), u, classes);
          gradient(this.#data, rows, u, classes, sum);
          return sum;
        },
        merge: addElements,
      });
      await this.space.total(g, v, to);
    });
  }

  conjugateSteps(system: ConjugateSystem, count: number): Promise<ConjugateStep[]> {
    return conjugateSteps(this, system, count);
  }

  logits(): Promise<FloatArray> {
    return this.space.inOrder(() => this.#z.slice());
  }

  directionLogits(): Promise<FloatArray> {
    return this.space.inOrder(() => this.#direction.slice());
  }

  evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    const { classes } = this.#problem;
    return this.space.inOrder(() =>
      this.#sum<Sums>(
        {
          zero: () => ZERO_SUMS,
          addRows: (sum, some) => {
            const z = offsetLogits(this.#data, some, this.space.values(w), classes);
            return addSums(sum, residual(this.#data, some, z, classes).sums);
          },
          merge: addSums,
        },
        rows,
      ),
    );
  }

  release() {}

  /** Sets Z, some rows at a time, with `set`, writes ∇F there to `to`, and returns the sums over all rows. */
  async #gradient(
    w: Vector,
    to: Vector,
    set: (rows: Uint32Array, z: Float64Array, direction: Float64Array) => void,
  ): Promise<Sums> {
    const { classes } = this.#problem;
    const { g, sums } = await this.#sum<GradientSum>({
      zero: () => ({ g: new Float64Array(this.space.values(to).length), sums: ZERO_SUMS }),
      addRows: (sum, rows, first) => {
        const z = this.#ofRows(this.#z, rows, first);
        set(rows, z, this.#ofRows(this.#direction, rows, first));
        const { residual: r, sums } = residual(this.#data, rows, z, classes);
        gradient(this.#data, rows, r, classes, sum.g);
        return { g: sum.g, sums: addSums(sum.sums, sums) };
      },
      merge: addGradients,
    });
    await this.space.total(g, w, to);
    return sums;
  }

  #sum<T>(of: Pick<RowSum<T>, "zero" | "addRows" | "merge">, rows = this.#problem.rows): Promise<T> {
    const { blockRows, closing } = this.#context;
    return sumRows(rows, { ...of, blockRows, closing, workPerRow: this.#workPerRow });
  }

  get #data(): Rows {
    return this.#context.rows;
  }

  get #workPerRow(): number {
    return (this.#data.features + 1) * this.#problem.classes;
  }

  /** The part of Z or ΔZ that belongs to `rows`, the first of which has position `first` in the pass. */
  #ofRows(values: Float64Array, rows: Uint32Array, first: number): Float64Array {
    const { classes } = this.#problem;
    return values.subarray(first * classes, (first + rows.length) * classes);
  }
}
