/** Steps in the kernels' memory: many at a time, so that threads are told what to do a few dozen times a second. */
import { OptionError } from "../../errors.js";
import {
  type Descent,
  type FloatArray,
  type Passes,
  type Problem,
  type Rows,
  type State,
  type Step,
  type StepResult,
  type Sums,
  momentsOf,
} from "../engine.js";
import type { Heap } from "./heap.js";
import { type Layout, layoutOf } from "./layout.js";
import type { PlacedRows } from "./placement.js";
import { ENTRY_BYTES, type Entry, PLAN_BYTES, type Plan, writeEntry, writePlan } from "./plan.js";
import type { Team } from "./team.js";

/** How long threads should work before they answer; the same where the thread that asks computes, and a page waits. */
const RUN_MS = { threads: 30, alone: 12 };
/** Multiply-adds of a product that are worth a thread more: it must be met several times a step, which takes microseconds. */
const THREAD_WORK = 2 ** 16;
/** What an entry says of an update, where there is none. */
const EVALUATION = { learningRate: 0, gradientScale: 0, penalty: 0, correction1: 1, correction2: 1 };
/** Steps of one run. */
const MOST_STEPS = 1024;

export class WasmDescent implements Descent {
  readonly kernels: Layout["kind"];
  readonly #heap: Heap;
  readonly #team: Team;
  readonly #rows: Rows;
  readonly #problem: Problem;
  readonly #layout: Layout;
  readonly #stride: number;
  readonly #threads: number;
  readonly #blocks: number[] = [];
  readonly #plan: number;
  readonly #entries: number;
  readonly #ring: number;
  /** Each (paddedClasses / 2, stride / 4, 2, 4). */
  readonly #weights: number;
  readonly #moments: readonly number[];
  #order: { readonly address: number; readonly length: number } | undefined;
  #number = 0;
  #stepsPerRun = 1;

  private constructor(
    heap: Heap,
    team: Team,
    rows: Rows,
    placed: PlacedRows,
    problem: Problem,
    layout: Layout,
  ) {
    this.kernels = layout.kind;
    this.#heap = heap;
    this.#team = team;
    this.#rows = rows;
    this.#problem = problem;
    this.#layout = layout;
    this.#stride = placed.stride;
    const work = problem.batchSize * problem.classes * placed.stride;
    this.#threads = Math.max(1, Math.min(team.threads, Math.floor(work / THREAD_WORK)));
    try {
      const state = 4 * layout.paddedClasses * placed.stride;
      this.#plan = this.#allocate(PLAN_BYTES);
      this.#entries = this.#allocate(MOST_STEPS * ENTRY_BYTES);
      this.#ring = this.#allocate(32 * MOST_STEPS);
      this.#weights = this.#allocate(state);
      this.#moments = Array.from({ length: momentsOf(problem.rule) }, () => this.#allocate(state));
      this.#writePlan(placed);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  static create(
    heap: Heap,
    team: Team,
    rows: Rows,
    placed: PlacedRows,
    problem: Problem,
    weights: FloatArray,
  ): WasmDescent {
    const descent = new WasmDescent(
      heap,
      team,
      rows,
      placed,
      problem,
      layoutOf(rows, problem, kindOf(problem)),
    );
    descent.#setWeights(weights);
    return descent;
  }

  #allocate(bytes: number): number {
    const { features } = this.#rows;
    const { classes, batchSize } = this.#problem;
    const what = `Training ${features} features × ${classes} classes in batches of ${batchSize}`;
    const block = this.#heap.allocate(bytes, what);
    this.#blocks.push(block);
    return block;
  }

  #free(block: number): void {
    this.#heap.free(block);
    this.#blocks.splice(this.#blocks.indexOf(block), 1);
  }

  /** All that stays the same from run to run. */
  #writePlan(placed: PlacedRows): void {
    const { rule, classes, intercept } = this.#problem;
    const layout = this.#layout;
    const [moment1 = 0, moment2 = 0] = this.#moments;
    const adam = rule.kind === "adam";
    this.#heap.bytes(this.#plan, PLAN_BYTES).fill(0);
    writePlan(this.#heap, this.#plan, {
      features: this.#rows.features,
      stride: placed.stride,
      rowBytes: placed.rowBytes,
      valueBytes: placed.valueBytes,
      scale: this.#rows.scale,
      x: placed.x,
      labels: placed.labels,
      rowWeights: placed.rowWeights,
      classes,
      paddedClasses: layout.paddedClasses,
      intercept: Number(intercept),
      adam: Number(adam),
      ...(adam
        ? {
            momentum: rule.beta1,
            beta2: rule.beta2,
            fresh1: 1 - rule.beta1,
            fresh2: 1 - rule.beta2,
            epsilon: rule.epsilon,
            weightDecay: rule.weightDecay,
          }
        : { momentum: rule.momentum, nesterov: Number(rule.nesterov) }),
      weights: this.#weights,
      moment1,
      moment2,
      threads: this.#threads,
      entries: this.#entries,
      ring: this.#ring,
      sums: this.#allocate(32 * layout.sums),
      scratch: this.#allocate(this.#threads * layout.scratchBytes),
      scratchBytes: layout.scratchBytes,
      ...this.#work(layout),
    });
  }

  /** What the layout needs beside the weights. */
  #work(layout: Layout): Partial<Plan> {
    const gradient = 4 * layout.paddedClasses * this.#stride;
    if (layout.kind === "fused") {
      const { slots, slotRows, blockRows } = layout;
      return { slotRows, blockRows, partials: this.#allocate(slots * gradient) };
    }
    const { chunkRows, paddedClasses, blockBytes } = layout;
    return {
      tiled: 1,
      chunkRows,
      block: this.#allocate(blockBytes),
      z: this.#allocate(4 * paddedClasses * (chunkRows + 4)),
      partials: this.#allocate(gradient),
    };
  }

  async *run(order: Uint32Array, steps: readonly Step[]): AsyncGenerator<StepResult> {
    this.#setOrder(order);
    let done = 0;
    while (done < steps.length) {
      if (steps[done].capture) {
        yield await this.#captured(order, steps[done++]);
        continue;
      }
      const later = steps.slice(done, done + this.#stepsPerRun);
      const captured = later.findIndex(({ capture }) => capture);
      const some = captured < 0 ? later : later.slice(0, captured);
      done += some.length;
      const began = performance.now();
      const sums = await this.#take(some.map((step) => this.#entry(step)));
      this.#pace(some.length, performance.now() - began);
      yield* sums.map((one) => ({ sums: one }));
    }
  }

  /** The next step, as the kernels want it. */
  #entry({ first, rows, learningRate, gradientScale, penalty }: Step): Entry {
    const { rule } = this.#problem;
    const number = ++this.#number;
    const [correction1, correction2] =
      rule.kind === "adam" ? [1 - rule.beta1 ** number, 1 - rule.beta2 ** number] : [1, 1];
    return { first, rows, learningRate, gradientScale, penalty, correction1, correction2 };
  }

  /** Runs the entries, and returns what each adds up. */
  async #take(entries: readonly Entry[]): Promise<Sums[]> {
    entries.forEach((entry, n) => writeEntry(this.#heap, this.#entries + n * ENTRY_BYTES, entry));
    writePlan(this.#heap, this.#plan, { steps: entries.length });
    await this.#team.run(this.#plan, this.#threads);
    const ring = this.#heap.f64(this.#ring, 4 * entries.length);
    return entries.map((_, n) => ({ loss: ring[4 * n], hits: ring[4 * n + 1], weight: ring[4 * n + 2] }));
  }

  #pace(steps: number, milliseconds: number): void {
    const wanted = RUN_MS[this.#team.blocking ? "alone" : "threads"];
    const fitting = Math.floor((wanted * steps) / Math.max(milliseconds, 1e-3));
    this.#stepsPerRun = Math.max(1, Math.min(MOST_STEPS, fitting, 4 * steps));
  }

  /** One step, and copies of all that its passes computed. */
  async #captured(order: Uint32Array, step: Step): Promise<StepResult> {
    const { classes } = this.#problem;
    const { rows } = step;
    const before = this.#state();
    const stage = this.#allocate(4 * rows * classes);
    const residual = this.#allocate(4 * rows * classes);
    const losses = this.#allocate(4 * rows);
    const gradient = this.#allocate(4 * this.#layout.paddedClasses * this.#stride);
    const kept = { keptLogits: stage, keptResidual: residual, keptLosses: losses, keptGradient: gradient };
    try {
      writePlan(this.#heap, this.#plan, kept);
      const [sums] = await this.#take([this.#entry(step)]);
      const passes: Passes = {
        rows: order.slice(step.first, step.first + rows),
        step,
        number: this.#number,
        before,
        logits: this.#heap.f32(stage, rows * classes).slice(),
        residual: this.#heap.f32(residual, rows * classes).slice(),
        losses: this.#heap.f32(losses, rows).slice(),
        gradient: this.#matrix(gradient),
        after: this.#state(),
        chain: this.#layout.chain,
      };
      return { sums, passes };
    } finally {
      writePlan(this.#heap, this.#plan, { keptLogits: 0, keptResidual: 0, keptLosses: 0, keptGradient: 0 });
      for (const block of Object.values(kept)) this.#free(block);
    }
  }

  async evaluate(order: Uint32Array): Promise<Sums> {
    this.#setOrder(order);
    const layout = this.#layout;
    const most = layout.kind === "fused" ? layout.sums * layout.slotRows : layout.chunkRows;
    const total = { loss: 0, hits: 0, weight: 0 };
    writePlan(this.#heap, this.#plan, { evaluate: 1 });
    try {
      for (let first = 0; first < order.length; first += most) {
        const [sums] = await this.#take([
          { ...EVALUATION, first, rows: Math.min(most, order.length - first) },
        ]);
        total.loss += sums.loss;
        total.hits += sums.hits;
        total.weight += sums.weight;
      }
    } finally {
      writePlan(this.#heap, this.#plan, { evaluate: 0 });
    }
    return total;
  }

  weights(): Promise<FloatArray> {
    return Promise.resolve(this.#matrix(this.#weights));
  }

  release(): void {
    for (const block of this.#blocks.splice(0)) this.#heap.free(block);
  }

  #setOrder(order: Uint32Array): void {
    if (this.#order && this.#order.length < order.length) {
      this.#free(this.#order.address);
      this.#order = undefined;
    }
    this.#order ??= { address: this.#allocate(4 * order.length), length: order.length };
    this.#heap.u32(this.#order.address, order.length).set(order);
    writePlan(this.#heap, this.#plan, { order: this.#order.address });
  }

  #state(): State {
    return {
      weights: this.#matrix(this.#weights),
      moments: this.#moments.map((moment) => this.#matrix(moment)),
    };
  }

  /** (features + 1, classes) of what is (paddedClasses / 2, stride / 4, 2, 4) in memory. */
  #matrix(address: number): Float32Array {
    const { classes } = this.#problem;
    const from = this.#heap.f32(address, this.#layout.paddedClasses * this.#stride);
    const matrix = new Float32Array((this.#rows.features + 1) * classes);
    for (let i = 0, d = 0; i < matrix.length; d++) {
      for (let k = 0; k < classes; k++, i++) matrix[i] = from[this.#placeOf(d, k)];
    }
    return matrix;
  }

  /** And moments of zero. */
  #setWeights(weights: FloatArray): void {
    const { classes } = this.#problem;
    const length = this.#layout.paddedClasses * this.#stride;
    for (const moment of this.#moments) this.#heap.f32(moment, length).fill(0);
    const to = this.#heap.f32(this.#weights, length).fill(0);
    for (let i = 0, d = 0; i < weights.length; d++) {
      for (let k = 0; k < classes; k++, i++) to[this.#placeOf(d, k)] = weights[i];
    }
  }

  /** Two classes lie side by side, four features of one and four of the other. */
  #placeOf(d: number, k: number): number {
    return (k >> 1) * 2 * this.#stride + 8 * (d >> 2) + 4 * (k & 1) + (d & 3);
  }
}

function kindOf({ kernels = "table" }: Problem): Layout["kind"] | undefined {
  if (kernels === "auto" || kernels === "table") return undefined;
  if (kernels === "fused" || kernels === "tiled") return kernels;
  throw new OptionError(
    `kernels is ${JSON.stringify(kernels)}, but the wasm engine has these: "auto", "table", "fused", "tiled".`,
  );
}
