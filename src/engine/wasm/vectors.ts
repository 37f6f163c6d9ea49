/** An objective's vectors in the kernels' memory. */
import type { Matrix, Product, Term, Vector, VectorSpace } from "../vectors.js";
import type { FloatArray } from "../../core/rows.js";
import type { KernelContext } from "./kernel-context.js";
import { OPERATIONS } from "./plan.js";
import type { CallQueue } from "./queue.js";

export class WasmVectors implements VectorSpace {
  readonly precision = 2 ** -24;
  readonly #work: KernelContext;
  readonly #queue: CallQueue;
  readonly #vectors: number[] = [];
  readonly #matrices: number[] = [];

  constructor(work: KernelContext, queue: CallQueue) {
    this.#work = work;
    this.#queue = queue;
  }

  vector(values?: FloatArray): Vector {
    const address = this.#work.vector();
    if (values) this.#work.setMatrix(address, values);
    return { number: this.#vectors.push(address) - 1 };
  }

  read(vector: Vector): Promise<FloatArray> {
    return this.#queue.here(() => this.#work.matrix(this.at(vector)));
  }

  combine(to: Vector, terms: readonly Term[]): void {
    const entry = { operation: OPERATIONS.combine, rows: terms.length, output: this.at(to) };
    this.#queue.add(
      entry,
      terms.map(([factor, vector]) => [factor, this.at(vector)] as const),
    );
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    const answers = pairs.map(async ([a, b]) => {
      const entry = { operation: OPERATIONS.product, input: this.at(a), output: this.at(b) };
      const [sum, penalised, largest] = await this.#queue.ask(entry);
      return { sum, penalised, largest };
    });
    return Promise.all(answers);
  }

  matrix(values: FloatArray): Matrix {
    return { number: this.#matrices.push(this.#work.square(values)) - 1 };
  }

  multiply(to: Vector, matrix: Matrix, from: Vector): void {
    const first = this.#matrices[matrix.number];
    this.#queue.add({ operation: OPERATIONS.multiply, first, input: this.at(from), output: this.at(to) });
  }

  centre(vector: Vector): void {
    this.#queue.add({ operation: OPERATIONS.centre, output: this.at(vector) });
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    const [input, first, output] = [w, gradient, to].map((vector) => this.at(vector));
    this.#queue.add({ operation: OPERATIONS.subgradient, input, first, output });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    const [input, first, order, output] = [v, w, d, to].map((vector) => this.at(vector));
    this.#queue.add({ operation: OPERATIONS.restrict, input, first, order, output });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    const [input, first, order, output] = [w, p, d, to].map((vector) => this.at(vector));
    this.#queue.add({ operation: OPERATIONS.orthant, input, first, order, output });
  }

  /** The address of a vector. */
  at({ number }: Vector): number {
    return this.#vectors[number];
  }
}
