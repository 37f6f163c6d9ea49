/** Descents in the kernels' memory: many steps a run, so that threads get a few dozen messages a second. */
import {
  type Descent,
  type Passes,
  type DescentProblem,
  type DescentSnapshot,
  type DescentState,
  type Epoch,
  type Step,
  type StepResult,
  momentCount,
} from "../descent.js";
import { type Sums } from "../../core/sums.js";
import { type FloatArray } from "../../core/rows.js";
import type { WasmContext } from "./context.js";
import { type Layout, kindOf, layoutOf } from "./layout.js";
import type { HeapRows } from "./placement.js";
import { type Entry, OPERATIONS } from "./plan.js";
import { MOST_ENTRIES, type SumTriple, KernelContext, vectorBytes } from "./kernel-context.js";

/** Milliseconds that a run should take on other threads, and on the calling thread, where a page waits. */
const RUN_MS = { threads: 30, alone: 12 };

export class WasmDescent implements Descent {
  readonly kernels: Layout["kind"];
  readonly #work: KernelContext;
  readonly #problem: DescentProblem;
  readonly #weights: number;
  readonly #moments: readonly number[];
  /** The address of the row numbers, and how many of them have room there. */
  #order = 0;
  #written: Uint32Array | undefined;
  #room = 0;
  #number = 0;
  #stepsPerRun = 1;

  constructor(context: WasmContext, problem: DescentProblem, weights: FloatArray) {
    const { rows, placed } = context;
    const layout = layoutOf(rows, problem, kindOf(problem));
    const moments = momentCount(problem.rule);
    const vectors = Array.from({ length: 1 + moments }, () => vectorBytes(layout, placed.stride));
    const { penaltyFactors } = problem;
    const factors = penaltyFactors ? [4 * placed.stride] : [];
    const work = new KernelContext(context, problem, layout, [...vectors, ...factors]);
    this.kernels = work.layout.kind;
    this.#work = work;
    this.#problem = problem;
    try {
      this.#weights = work.vector();
      this.#moments = Array.from({ length: moments }, () => work.vector());
      this.#writeRule();
      this.#writeTargets(placed);
      if (penaltyFactors) work.write({ penalties: work.ofFeatures(penaltyFactors) });
    } catch (error) {
      this.release();
      throw error;
    }
    work.setMatrix(this.#weights, weights);
  }

  #writeRule(): void {
    const { rule } = this.#problem;
    const [moment1 = 0, moment2 = 0] = this.#moments;
    this.#work.write({
      moment1,
      moment2,
      ...(rule.kind === "adam"
        ? {
            adam: 1,
            momentum: rule.beta1,
            beta2: rule.beta2,
            oneMinusBeta1: 1 - rule.beta1,
            oneMinusBeta2: 1 - rule.beta2,
            epsilon: rule.epsilon,
            weightDecay: rule.weightDecay,
          }
        : { momentum: rule.momentum, nesterov: Number(rule.nesterov) }),
    });
  }

  #writeTargets({ targets }: HeapRows): void {
    const { smoothing = 0, classes } = this.#problem;
    this.#work.write({ targets, targetFactor: 1 - smoothing, smoothingShare: smoothing / classes });
  }

  async *run(epochs: Iterable<Epoch> | AsyncIterable<Epoch>): AsyncGenerator<StepResult> {
    for await (const epoch of epochs) yield* this.#runEpoch(epoch);
  }

  async *#runEpoch({ order, steps }: Epoch): AsyncGenerator<StepResult> {
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
      const sums = await this.#work.run(some.map((step) => this.#entry(step)));
      this.#pace(some.length, performance.now() - began);
      yield* sums.map((three) => ({ sums: sumsOf(three) }));
    }
  }

  /** Counts the next step and returns its entry. */
  #entry({ first, rows, learningRate, gradientScale, penalty }: Step): Partial<Entry> {
    const { rule } = this.#problem;
    const number = ++this.#number;
    const [correction1, correction2] =
      rule.kind === "adam" ? [1 - rule.beta1 ** number, 1 - rule.beta2 ** number] : [1, 1];
    const step = { learningRate, gradientScale, penalty, correction1, correction2 };
    return { operation: OPERATIONS.train, order: this.#order, first, rows, input: this.#weights, ...step };
  }

  /** Sets the number of steps of the next run, from how long the last one took. */
  #pace(steps: number, milliseconds: number): void {
    const wanted = RUN_MS[this.#work.blocking ? "alone" : "threads"];
    const fitting = Math.floor((wanted * steps) / Math.max(milliseconds, 1e-3));
    this.#stepsPerRun = Math.max(1, Math.min(MOST_ENTRIES, fitting, 4 * steps));
  }

  /** Runs one step and copies everything that its passes computed. */
  async #captured(order: Uint32Array, step: Step): Promise<StepResult> {
    const { classes } = this.#problem;
    const { rows } = step;
    const work = this.#work;
    const before = this.#state();
    const captured = {
      capturedLogits: work.allocate(4 * rows * classes),
      capturedResidual: work.allocate(4 * rows * classes),
      capturedLosses: work.allocate(4 * rows),
      capturedGradient: work.vector(),
    };
    try {
      work.write(captured);
      const [sums] = await work.run([this.#entry(step)]);
      const passes: Passes = {
        rows: order.slice(step.first, step.first + rows),
        step,
        number: this.#number,
        before,
        logits: work.words(captured.capturedLogits, rows * classes).f32.slice(),
        residual: work.words(captured.capturedResidual, rows * classes).f32.slice(),
        losses: work.words(captured.capturedLosses, rows).f32.slice(),
        gradient: work.matrix(captured.capturedGradient),
        after: this.#state(),
        chain: work.layout.chain,
      };
      return { sums: sumsOf(sums), passes };
    } finally {
      work.write({ capturedLogits: 0, capturedResidual: 0, capturedLosses: 0, capturedGradient: 0 });
      for (const block of Object.values(captured)) work.free(block);
    }
  }

  async evaluate(order: Uint32Array): Promise<Sums> {
    this.#setOrder(order);
    const entry = { operation: OPERATIONS.evaluate, order: this.#order, input: this.#weights };
    return sumsOf(await this.#work.sums(entry, order.length));
  }

  weights(): Promise<FloatArray> {
    return Promise.resolve(this.#work.matrix(this.#weights));
  }

  snapshot(): Promise<DescentSnapshot> {
    return Promise.resolve({ ...this.#state(), steps: this.#number });
  }

  restore({ weights, moments, steps }: DescentSnapshot): void {
    this.#work.setMatrix(this.#weights, weights);
    this.#moments.forEach((moment, n) => this.#work.setMatrix(moment, moments[n]));
    this.#number = steps;
  }

  release(): void {
    this.#work.release();
  }

  #setOrder(order: Uint32Array): void {
    if (this.#written === order) return;
    this.#written = undefined;
    if (this.#room < order.length) {
      if (this.#room > 0) this.#work.free(this.#order);
      this.#room = 0;
      this.#order = this.#work.allocate(4 * order.length);
      this.#room = order.length;
    }
    this.#work.words(this.#order, order.length).u32.set(order);
    this.#written = order;
  }

  #state(): DescentState {
    return {
      weights: this.#work.matrix(this.#weights),
      moments: this.#moments.map((moment) => this.#work.matrix(moment)),
    };
  }
}

/** Names the three sums of an entry that computes losses. */
export function sumsOf([loss, hits, weight]: SumTriple): Sums {
  return { loss, hits, weight };
}
