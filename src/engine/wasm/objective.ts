/** Objectives in the kernels' memory. */
import { conjugateSteps } from "../conjugate-steps.js";
import type { ConjugateStep, ConjugateSystem } from "../conjugate-system.js";
import type { Objective, ObjectiveProblem } from "../objective.js";
import type { Vector } from "../vectors.js";
import type { Sums, Trial } from "../../core/sums.js";
import type { FloatArray } from "../../core/rows.js";
import type { WasmContext } from "./context.js";
import { sumsOf } from "./descent.js";
import { KernelContext, logitsBytes, vectorBytes } from "./kernel-context.js";
import { type Layout, kindOf, layoutOf } from "./layout.js";
import { type Entry, OPERATIONS } from "./plan.js";
import { CallQueue, TERMS_BYTES } from "./queue.js";
import { WasmVectors } from "./vectors.js";

/** Vectors that every solver has: weights, gradient and direction. */
const LEAST_VECTORS = 3;

export class WasmObjective implements Objective {
  readonly space: WasmVectors;
  readonly stepsAhead = 1;
  readonly kernels: Layout["kind"];
  readonly #work: KernelContext;
  readonly #queue: CallQueue;
  readonly #problem: ObjectiveProblem;
  readonly #order: number;
  /** Addresses of Z and ΔZ, each (rows / 4, paddedClasses, 4 rows). */
  readonly #point: number;
  readonly #direction: number;

  constructor(context: WasmContext, problem: ObjectiveProblem) {
    const { rows, placed } = context;
    const shape = { ...problem, batchSize: problem.rows.length, awaited: true };
    const layout = layoutOf(rows, shape, kindOf(problem));
    const order = 4 * problem.rows.length;
    const matrix = logitsBytes(layout, problem.rows.length);
    const vectors = Array.from({ length: LEAST_VECTORS }, () => vectorBytes(layout, placed.stride));
    const penalties = 4 * placed.stride;
    const work = new KernelContext(context, shape, layout, [
      order,
      matrix,
      matrix,
      TERMS_BYTES,
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
      this.#queue = new CallQueue(work);
      this.space = new WasmVectors(work, this.#queue);
      work.words(this.#order, problem.rows.length).u32.set(problem.rows);
      work.write({ point: this.#point, direction: this.#direction });
      work.prepareVectors(problem);
    } catch (error) {
      work.release();
      throw error;
    }
  }

  async linearize(w: Vector, gradient: Vector): Promise<Sums> {
    const entry = { input: this.space.at(w), output: this.space.at(gradient) };
    return sumsOf(await this.#queue.ask(this.#pass(OPERATIONS.linearize, entry)));
  }

  setDirection(direction: Vector): void {
    this.#queue.add(this.#pass(OPERATIONS.setDirection, { input: this.space.at(direction) }));
  }

  evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const answers = ts.map(async (t) => {
      const [loss, slope, curvature] = await this.#queue.ask(this.#pass(OPERATIONS.evaluateAlong, { t }));
      return { loss, slope, curvature };
    });
    return Promise.all(answers);
  }

  async step(t: number, w: Vector, gradient: Vector): Promise<Sums> {
    const entry = this.#pass(OPERATIONS.step, {
      t,
      input: this.space.at(w),
      output: this.space.at(gradient),
    });
    return sumsOf(await this.#queue.ask(entry));
  }

  curvature(v: Vector, to: Vector): void {
    this.#queue.add(this.#pass(OPERATIONS.curvature, { input: this.space.at(v), output: this.space.at(to) }));
  }

  conjugateSteps(system: ConjugateSystem, count: number): Promise<ConjugateStep[]> {
    return conjugateSteps(this, system, count);
  }

  logits(): Promise<FloatArray> {
    return this.#queue.here(() => this.#work.logitsAt(this.#point, this.#problem.rows.length));
  }

  directionLogits(): Promise<FloatArray> {
    return this.#queue.here(() => this.#work.logitsAt(this.#direction, this.#problem.rows.length));
  }

  evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    return this.#queue.here(async () => {
      const order = this.#work.allocate(4 * rows.length);
      this.#work.words(order, rows.length).u32.set(rows);
      try {
        const entry = { operation: OPERATIONS.evaluate, order, input: this.space.at(w) };
        return sumsOf(await this.#work.sums(entry, rows.length));
      } finally {
        this.#work.free(order);
      }
    });
  }

  release(): void {
    this.#queue.clear();
    this.#work.release();
  }

  /** Returns the entry of a pass over all rows. */
  #pass(operation: number, fields: Partial<Entry>): Partial<Entry> {
    const { rows, scale } = this.#problem;
    return { operation, order: this.#order, rows: rows.length, gradientScale: scale, ...fields };
  }
}
