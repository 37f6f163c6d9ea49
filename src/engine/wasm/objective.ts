/** Objectives in the kernels' memory. Calls made in one turn of the event loop are one run of the threads. */
import type { Objective, ObjectiveProblem } from "../objective.js";
import type { Matrix, Product, Term, Vector } from "../vectors.js";
import type { Sums, Trial } from "../../core/sums.js";
import type { FloatArray, RowHead } from "../../core/rows.js";
import { sumsOf } from "./descent.js";
import type { Heap } from "./heap.js";
import { type Layout, kindOf, layoutOf } from "./layout.js";
import type { HeapRows } from "./placement.js";
import { type Entry, OPERATIONS } from "./plan.js";
import type { ThreadPool } from "./thread-pool.js";
import { MOST_ENTRIES, type SumTriple, KernelContext, vectorBytes } from "./kernel-context.js";

/** The most terms in all `combine` sums of one run. */
const TERMS = 1024;
/** Vectors that every solver has: weights, gradient and direction. */
const LEAST_VECTORS = 3;

/** A queued task: an entry for the threads, or work for the calling thread once all before it is done. */
type Asked = { readonly fail: (error: unknown) => void } & (
  | {
      readonly entry: Partial<Entry>;
      readonly terms: readonly Term[];
      readonly answer: (three: SumTriple) => void;
    }
  | { readonly here: () => Promise<void> }
);

export class WasmObjective implements Objective {
  readonly kernels: Layout["kind"];
  readonly precision = 2 ** -24;
  readonly #work: KernelContext;
  readonly #problem: ObjectiveProblem;
  readonly #order: number;
  /** Addresses of Z and ΔZ, each (rows / 4, paddedClasses, 4 rows). */
  readonly #point: number;
  readonly #direction: number;
  readonly #terms: number;
  readonly #vectors: number[] = [];
  readonly #matrices: number[] = [];
  #asked: Asked[] = [];
  #running = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(heap: Heap, pool: ThreadPool, rows: RowHead, placed: HeapRows, problem: ObjectiveProblem) {
    const shape = { ...problem, batchSize: problem.rows.length, awaited: true };
    const layout = layoutOf(rows, shape, kindOf(problem));
    const order = 4 * problem.rows.length;
    const matrix = 16 * Math.ceil(problem.rows.length / 4) * layout.paddedClasses;
    const vectors = Array.from({ length: LEAST_VECTORS }, () => vectorBytes(layout, placed.stride));
    const penalties = 4 * placed.stride;
    const work = new KernelContext(heap, pool, rows, placed, shape, layout, [
      order,
      matrix,
      matrix,
      8 * TERMS,
      penalties,
      penalties, // those of l1
      ...vectors,
    ]);
    this.kernels = work.layout.kind;
    this.#work = work;
    this.#problem = problem;
    try {
      this.#order = work.allocate(order);
      this.#point = work.allocate(matrix);
      this.#direction = work.allocate(matrix);
      this.#terms = work.allocate(8 * TERMS);
      work.words(this.#order, problem.rows.length).u32.set(problem.rows);
      work.write({ point: this.#point, direction: this.#direction });
      work.prepareVectors(problem);
    } catch (error) {
      work.release();
      throw error;
    }
  }

  vector(values?: FloatArray): Vector {
    const address = this.#work.vector();
    if (values) this.#work.setMatrix(address, values);
    return { number: this.#vectors.push(address) - 1 };
  }

  read(vector: Vector): Promise<FloatArray> {
    return this.#here(() => this.#work.matrix(this.#at(vector)));
  }

  combine(to: Vector, terms: readonly Term[]): void {
    if (terms.length > TERMS) throw new RangeError(`A sum of ${terms.length} terms: there may be ${TERMS}.`);
    this.#queue({ operation: OPERATIONS.combine, rows: terms.length, output: this.#at(to) }, terms);
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    const answers = pairs.map(async ([a, b]) => {
      const entry = { operation: OPERATIONS.product, input: this.#at(a), output: this.#at(b) };
      const [sum, penalised, largest] = await this.#ask(entry);
      return { sum, penalised, largest };
    });
    return Promise.all(answers);
  }

  matrix(values: FloatArray): Matrix {
    return { number: this.#matrices.push(this.#work.square(values)) - 1 };
  }

  multiply(to: Vector, matrix: Matrix, from: Vector): void {
    const first = this.#matrices[matrix.number];
    this.#queue({ operation: OPERATIONS.multiply, first, input: this.#at(from), output: this.#at(to) });
  }

  centre(vector: Vector): void {
    this.#queue({ operation: OPERATIONS.centre, output: this.#at(vector) });
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    const [input, first, output] = [w, gradient, to].map((vector) => this.#at(vector));
    this.#queue({ operation: OPERATIONS.subgradient, input, first, output });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    const [input, first, order, output] = [v, w, d, to].map((vector) => this.#at(vector));
    this.#queue({ operation: OPERATIONS.restrict, input, first, order, output });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    const [input, first, order, output] = [w, p, d, to].map((vector) => this.#at(vector));
    this.#queue({ operation: OPERATIONS.orthant, input, first, order, output });
  }

  async linearize(w: Vector, gradient: Vector): Promise<Sums> {
    return sumsOf(
      await this.#ask(this.#pass(OPERATIONS.linearize, { input: this.#at(w), output: this.#at(gradient) })),
    );
  }

  setDirection(direction: Vector): void {
    this.#queue(this.#pass(OPERATIONS.setDirection, { input: this.#at(direction) }));
  }

  evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const answers = ts.map(async (t) => {
      const [loss, slope, curvature] = await this.#ask(this.#pass(OPERATIONS.evaluateAlong, { t }));
      return { loss, slope, curvature };
    });
    return Promise.all(answers);
  }

  async step(t: number, w: Vector, gradient: Vector): Promise<Sums> {
    const entry = this.#pass(OPERATIONS.step, { t, input: this.#at(w), output: this.#at(gradient) });
    return sumsOf(await this.#ask(entry));
  }

  curvature(v: Vector, to: Vector): void {
    this.#queue(this.#pass(OPERATIONS.curvature, { input: this.#at(v), output: this.#at(to) }));
  }

  logits(): Promise<FloatArray> {
    return this.#here(() => this.#ofRows(this.#point));
  }

  directionLogits(): Promise<FloatArray> {
    return this.#here(() => this.#ofRows(this.#direction));
  }

  /** Copies Z or ΔZ out of memory as (rows, classes). */
  #ofRows(address: number): Float32Array {
    const { classes, rows } = this.#problem;
    const { paddedClasses } = this.#work.layout;
    const { f32 } = this.#work.words(address, 4 * Math.ceil(rows.length / 4) * paddedClasses);
    const values = new Float32Array(rows.length * classes);
    for (let n = 0, i = 0; n < rows.length; n++) {
      const first = 4 * (n >> 2) * paddedClasses + (n & 3);
      for (let k = 0; k < classes; k++, i++) values[i] = f32[first + 4 * k];
    }
    return values;
  }

  evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    return this.#here(async () => {
      const order = this.#work.allocate(4 * rows.length);
      this.#work.words(order, rows.length).u32.set(rows);
      try {
        const entry = { operation: OPERATIONS.evaluate, order, input: this.#at(w) };
        return sumsOf(await this.#work.sums(entry, rows.length));
      } finally {
        this.#work.free(order);
      }
    });
  }

  release(): void {
    for (const { fail } of this.#asked.splice(0)) fail(new Error("The objective was released."));
    this.#work.release();
  }

  /** Returns the entry of a pass over all rows. */
  #pass(operation: number, fields: Partial<Entry>): Partial<Entry> {
    const { rows, scale } = this.#problem;
    return { operation, order: this.#order, rows: rows.length, gradientScale: scale, ...fields };
  }

  #at(vector: Vector): number {
    return this.#vectors[vector.number];
  }

  #ask(entry: Partial<Entry>): Promise<SumTriple> {
    return new Promise((answer, fail) => this.#push({ entry, terms: [], answer, fail }));
  }

  /** Queues an entry that nobody awaits. If it fails, the calls after it fail. */
  #queue(entry: Partial<Entry>, terms: readonly Term[] = []): void {
    this.#push({ entry, terms, answer() {}, fail() {} });
  }

  #here<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, fail) => {
      this.#push({ here: async () => resolve(await work()), fail });
    });
  }

  #push(asked: Asked): void {
    this.#asked.push(asked);
    if (this.#running) return;
    this.#running = true;
    void Promise.resolve().then(() => this.#run());
  }

  /** Runs the queue in order, with what is added meanwhile. */
  async #run(): Promise<void> {
    while (this.#asked.length > 0) {
      const some = this.#next();
      try {
        if (this.#failure) throw this.#failure.error;
        await this.#do(some);
      } catch (error) {
        // Work on the calling thread may only have lacked memory; threads that fail are lost.
        if (!("here" in some[0])) this.#failure = { error };
        for (const { fail } of some) fail(error);
      }
    }
    this.#running = false;
  }

  /** Takes one task for the calling thread off the queue, or as many entries as one run holds. */
  #next(): readonly Asked[] {
    let terms = 0;
    const past = this.#asked.findIndex(
      (one, n) => "here" in one || n === MOST_ENTRIES || (terms += one.terms.length) > TERMS,
    );
    return this.#asked.splice(0, past < 0 ? this.#asked.length : Math.max(1, past));
  }

  async #do(asked: readonly Asked[]): Promise<void> {
    const [first] = asked;
    if ("here" in first) return first.here();
    const entries = asked.filter((one) => "entry" in one);
    const threes = await this.#work.run(this.#written(entries));
    entries.forEach(({ answer }, n) => answer(threes[n]));
  }

  /** Writes the terms of the entries to memory and returns the entries with their addresses. */
  #written(asked: readonly Pick<Extract<Asked, { entry: object }>, "entry" | "terms">[]): Partial<Entry>[] {
    const { u32, f32 } = this.#work.words(this.#terms, 2 * TERMS);
    let used = 0;
    return asked.map(({ entry, terms }) => {
      if (terms.length === 0) return entry;
      const input = this.#terms + 8 * used;
      for (const [factor, vector] of terms) {
        u32[2 * used] = this.#at(vector);
        f32[2 * used + 1] = factor;
        used++;
      }
      return { ...entry, input };
    });
  }
}
