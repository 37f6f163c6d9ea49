/** The vectors of the reference's objectives, in f64. Their operations, and the passes, run in order. */
import type { ObjectiveProblem } from "../objective.js";
import type { Matrix, Product, Term, Vector, VectorSpace } from "../vectors.js";
import type { FloatArray } from "../../core/rows.js";
import { inRanges } from "../../math/pieces.js";
import type { ReferenceContext } from "./sum-rows.js";

export class ReferenceVectors implements VectorSpace {
  readonly precision = 2 ** -53;
  readonly #features: number;
  readonly #closing: AbortSignal;
  readonly #problem: ObjectiveProblem;
  readonly #vectors: Float64Array[] = [];
  readonly #matrices: Float64Array[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor({ rows, closing }: ReferenceContext, problem: ObjectiveProblem) {
    this.#features = rows.features;
    this.#closing = closing;
    this.#problem = problem;
  }

  vector(values?: FloatArray): Vector {
    const length = (this.#features + 1) * this.#problem.classes;
    return { number: this.#vectors.push(values ? Float64Array.from(values) : new Float64Array(length)) - 1 };
  }

  read(vector: Vector): Promise<FloatArray> {
    return this.inOrder(() => this.values(vector).slice());
  }

  combine(to: Vector, terms: readonly Term[]): void {
    void this.inOrder(() => {
      const vectors = terms.map(([, vector]) => this.values(vector));
      return this.#each(to, terms.length, (i) =>
        terms.reduce((total, [factor], n) => total + factor * vectors[n][i], 0),
      );
    });
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    return this.inOrder(async () => {
      const products: Product[] = [];
      for (const [a, b] of pairs) products.push(await this.#product(this.values(a), this.values(b)));
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
    void this.inOrder(() => {
      const { classes } = this.#problem;
      const size = this.#features + 1;
      const values = this.#matrices[matrix.number];
      const columns = this.values(from).slice();
      const product = this.values(to).fill(0);
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
    void this.inOrder(() => {
      const { classes } = this.#problem;
      const values = this.values(vector);
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
    void this.inOrder(() => {
      const [weights, g] = [this.values(w), this.values(gradient)];
      return this.#each(to, 1, (i) => {
        const l1 = this.#l1(i);
        if (weights[i] !== 0) return g[i] + l1 * Math.sign(weights[i]);
        return g[i] - Math.min(l1, Math.max(-l1, g[i]));
      });
    });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    void this.inOrder(() => {
      const [values, weights, slope] = [this.values(v), this.values(w), this.values(d)];
      const isFree = (i: number) => this.#l1(i) === 0 || weights[i] !== 0 || slope[i] !== 0;
      return this.#each(to, 1, (i) => (isFree(i) ? values[i] : 0));
    });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    void this.inOrder(() => {
      const [weights, step, slope] = [this.values(w), this.values(p), this.values(d)];
      return this.#each(to, 1, (i) => {
        const moved = weights[i] + step[i];
        const sign = Math.sign(weights[i] !== 0 ? weights[i] : -slope[i]);
        return this.#l1(i) === 0 || moved * sign > 0 ? moved : 0;
      });
    });
  }

  /** to ← scale·G + penalties·w */
  total(g: Float64Array, w: Vector, to: Vector): Promise<void> {
    const { scale, intercept } = this.#problem;
    const values = this.values(w);
    return this.#each(to, 1, (i) =>
      i < this.#intercept || intercept ? scale * g[i] + this.#penalty(i) * values[i] : 0,
    );
  }

  /** Sets every element of a vector. `element(i)` may read the vector itself at i only. */
  #each(to: Vector, workPerElement: number, element: (i: number) => number): Promise<void> {
    const values = this.values(to);
    return inRanges(values.length, workPerElement, (first, past) => {
      for (let i = first; i < past; i++) values[i] = element(i);
    });
  }

  /** The l2 penalty of element i of a vector. */
  #penalty(i: number): number {
    return i < this.#intercept ? this.#problem.penalties[Math.floor(i / this.#problem.classes)] : 0;
  }

  /** The l1 penalty of element i of a vector; 0 for the intercept. */
  #l1(i: number): number {
    const { l1, classes } = this.#problem;
    return l1 && i < this.#intercept ? l1[Math.floor(i / classes)] : 0;
  }

  /** The index where the intercept's row begins. */
  get #intercept(): number {
    return this.#features * this.#problem.classes;
  }

  values(vector: Vector): Float64Array {
    return this.#vectors[vector.number];
  }

  /** Runs `work` after all earlier calls. After one that failed it fails with the same error. */
  inOrder<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      this.#closing.throwIfAborted();
      return work();
    });
    done.catch(() => {}); // a call that returns nothing leaves its error to the next one
    this.#last = done;
    return done;
  }
}
