/** The objective of the reference engine, in f64. Calls run in order, some rows at a time. */
import { type Objective, type ObjectiveProblem } from "../objective.js";
import { type Matrix, type Product, type Term, type Vector } from "../vectors.js";
import { ZERO_SUMS, type Sums, type Trial, addSums, addTrials } from "../../core/sums.js";
import { type FloatArray, type Rows } from "../../core/rows.js";
import { inBlocks, inRanges } from "../../math/pieces.js";
import { bend, gradient, logits, residual, trial } from "../../math/passes.js";
import { type GradientSum, type RowSum, addElements, addGradients, sumRows } from "./sum-rows.js";

export class ReferenceObjective implements Objective {
  readonly kernels = "table";
  readonly precision = 2 ** -53;
  readonly #data: Rows;
  readonly #problem: ObjectiveProblem;
  readonly #blockRows: number;
  readonly #vectors: Float64Array[] = [];
  readonly #matrices: Float64Array[] = [];
  /** Z and ΔZ, each (rows, classes). */
  readonly #z: Float64Array;
  readonly #direction: Float64Array;
  #last: Promise<unknown> = Promise.resolve();

  /** @param blockRows rows of a block of sums. */
  constructor(data: Rows, problem: ObjectiveProblem, blockRows: number) {
    this.#data = data;
    this.#problem = problem;
    this.#blockRows = blockRows;
    this.#z = new Float64Array(problem.rows.length * problem.classes);
    this.#direction = new Float64Array(this.#z.length);
  }

  vector(values?: FloatArray): Vector {
    const length = (this.#data.features + 1) * this.#problem.classes;
    return { number: this.#vectors.push(values ? Float64Array.from(values) : new Float64Array(length)) - 1 };
  }

  read(vector: Vector): Promise<FloatArray> {
    return this.#then(() => this.#values(vector).slice());
  }

  combine(to: Vector, terms: readonly Term[]): void {
    void this.#then(() => {
      const vectors = terms.map(([, vector]) => this.#values(vector));
      return this.#each(to, terms.length, (i) =>
        terms.reduce((total, [factor], n) => total + factor * vectors[n][i], 0),
      );
    });
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    return this.#then(async () => {
      const products: Product[] = [];
      for (const [a, b] of pairs) products.push(await this.#product(this.#values(a), this.#values(b)));
      return products;
    });
  }

  async #product(a: Float64Array, b: Float64Array): Promise<Product> {
    let [sum, penalised, largest] = [0, 0, 0];
    await inRanges(a.length, 1, (first, past) => {
      for (let i = first; i < past; i++) {
        const product = a[i] * b[i];
        sum += product;
        penalised += this.#penalty(i) * product;
        largest = Math.max(largest, Math.abs(product));
      }
    });
    return { sum, penalised, largest };
  }

  matrix(values: FloatArray): Matrix {
    return { number: this.#matrices.push(Float64Array.from(values)) - 1 };
  }

  multiply(to: Vector, matrix: Matrix, from: Vector): void {
    void this.#then(() => {
      const { classes } = this.#problem;
      const size = this.#data.features + 1;
      const values = this.#matrices[matrix.number];
      const columns = this.#values(from).slice();
      const product = this.#values(to).fill(0);
      return inRanges(size, size * classes, (first, past) => {
        for (let row = first; row < past; row++) {
          for (let i = 0; i < size; i++) {
            const factor = values[row * size + i];
            for (let k = 0; k < classes; k++) product[row * classes + k] += factor * columns[i * classes + k];
          }
        }
      });
    });
  }

  centre(vector: Vector): void {
    void this.#then(() => {
      const { classes } = this.#problem;
      const values = this.#values(vector);
      return inRanges(values.length / classes, classes, (first, past) => {
        for (let d = first; d < past; d++) {
          const row = values.subarray(d * classes, (d + 1) * classes);
          const mean = row.reduce((a, b) => a + b, 0) / classes;
          row.forEach((value, k) => (row[k] = value - mean));
        }
      });
    });
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    void this.#then(() => {
      const [weights, g] = [this.#values(w), this.#values(gradient)];
      return this.#each(to, 1, (i) => {
        const l1 = this.#l1(i);
        if (weights[i] !== 0) return g[i] + l1 * Math.sign(weights[i]);
        return g[i] - Math.min(l1, Math.max(-l1, g[i]));
      });
    });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    void this.#then(() => {
      const [values, weights, slope] = [this.#values(v), this.#values(w), this.#values(d)];
      const isFree = (i: number) => i >= this.#intercept || weights[i] !== 0 || slope[i] !== 0;
      return this.#each(to, 1, (i) => (isFree(i) ? values[i] : 0));
    });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    void this.#then(() => {
      const [weights, step, slope] = [this.#values(w), this.#values(p), this.#values(d)];
      return this.#each(to, 1, (i) => {
        const moved = weights[i] + step[i];
        const sign = Math.sign(weights[i] !== 0 ? weights[i] : -slope[i]);
        return i >= this.#intercept || moved * sign > 0 ? moved : 0;
      });
    });
  }

  linearize(w: Vector, to: Vector): Promise<Sums> {
    return this.#then(() =>
      this.#gradient(w, to, (rows, z) => {
        z.set(logits(this.#data, rows, this.#values(w), this.#problem.classes));
      }),
    );
  }

  setDirection(direction: Vector): void {
    void this.#then(() =>
      inBlocks(this.#problem.rows, this.#workPerRow, (rows, first) => {
        const change = logits(this.#data, rows, this.#values(direction), this.#problem.classes);
        this.#ofRows(this.#direction, rows, first).set(change);
      }),
    );
  }

  evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const add = (left: readonly Trial[], right: readonly Trial[]) =>
      left.map((one, n) => addTrials(one, right[n]));
    return this.#then(() =>
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
    return this.#then(() =>
      this.#gradient(w, to, (_, z, direction) => {
        for (let i = 0; i < z.length; i++) z[i] += t * direction[i];
      }),
    );
  }

  curvature(v: Vector, to: Vector): void {
    void this.#then(async () => {
      const { classes } = this.#problem;
      const g = await this.#sum<Float64Array>({
        zero: () => new Float64Array(this.#values(to).length),
        addRows: (sum, rows, first) => {
          const u = logits(this.#data, rows, this.#values(v), classes);
          bend(this.#data, rows, this.#ofRows(this.#z, rows, first), u, classes);
          gradient(this.#data, rows, u, classes, sum);
          return sum;
        },
        merge: addElements,
      });
      await this.#scaled(g, v, to);
    });
  }

  logits(): Promise<FloatArray> {
    return this.#then(() => this.#z.slice());
  }

  directionLogits(): Promise<FloatArray> {
    return this.#then(() => this.#direction.slice());
  }

  evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    const { classes } = this.#problem;
    return this.#then(() =>
      this.#sum<Sums>(
        {
          zero: () => ZERO_SUMS,
          addRows: (sum, some) => {
            const z = logits(this.#data, some, this.#values(w), classes);
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
      zero: () => ({ g: new Float64Array(this.#values(to).length), sums: ZERO_SUMS }),
      addRows: (sum, rows, first) => {
        const z = this.#ofRows(this.#z, rows, first);
        set(rows, z, this.#ofRows(this.#direction, rows, first));
        const { residual: r, sums } = residual(this.#data, rows, z, classes);
        gradient(this.#data, rows, r, classes, sum.g);
        return { g: sum.g, sums: addSums(sum.sums, sums) };
      },
      merge: addGradients,
    });
    await this.#scaled(g, w, to);
    return sums;
  }

  /** to ← scale·G + penalties·w */
  #scaled(g: Float64Array, w: Vector, to: Vector): Promise<void> {
    const { scale, intercept } = this.#problem;
    const values = this.#values(w);
    return this.#each(to, 1, (i) =>
      i < this.#intercept || intercept ? scale * g[i] + this.#penalty(i) * values[i] : 0,
    );
  }

  /** Sets every element of a vector. `element(i)` may read the vector itself at i only. */
  #each(to: Vector, workPerElement: number, element: (i: number) => number): Promise<void> {
    const values = this.#values(to);
    return inRanges(values.length, workPerElement, (first, past) => {
      for (let i = first; i < past; i++) values[i] = element(i);
    });
  }

  #sum<T>(of: Pick<RowSum<T>, "zero" | "addRows" | "merge">, rows = this.#problem.rows): Promise<T> {
    return sumRows(rows, { ...of, blockRows: this.#blockRows, workPerRow: this.#workPerRow });
  }

  get #workPerRow(): number {
    return (this.#data.features + 1) * this.#problem.classes;
  }

  /** The part of Z or ΔZ that belongs to `rows`, the first of which has position `first` in the pass. */
  #ofRows(values: Float64Array, rows: Uint32Array, first: number): Float64Array {
    const { classes } = this.#problem;
    return values.subarray(first * classes, (first + rows.length) * classes);
  }

  /** The l2 penalty of element i of a vector. */
  #penalty(i: number): number {
    return i < this.#intercept ? this.#problem.penalties[Math.floor(i / this.#problem.classes)] : 0;
  }

  /** The l1 penalty of element i of a vector. */
  #l1(i: number): number {
    const { l1, classes } = this.#problem;
    return l1 && i < this.#intercept ? l1[Math.floor(i / classes)] : 0;
  }

  /** The index where the intercept's row begins. */
  get #intercept(): number {
    return this.#data.features * this.#problem.classes;
  }

  #values(vector: Vector): Float64Array {
    return this.#vectors[vector.number];
  }

  /** Runs `work` after all earlier calls. */
  #then<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done;
    return done;
  }
}
