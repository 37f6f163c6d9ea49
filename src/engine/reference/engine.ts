/** The reference engine: the passes of `math/passes.ts` in f64, block by block, on the calling thread. */
import { OptionError } from "../../core/errors.js";
import type { RuntimeClosedError } from "../../core/errors.js";
import type { Engine, EngineHost, Placement } from "../engine.js";
import {
  type Descent,
  type DescentProblem,
  type DescentSnapshot,
  type DescentState,
  type Epoch,
  type Step,
  type StepResult,
  momentCount,
} from "../descent.js";
import { chainLength, planBlockRows } from "../../core/sum-plan.js";
import { ZERO_SUMS, type Sums, addSums } from "../../core/sums.js";
import { readAllRows } from "../../core/row-source.js";
import { type FloatArray, type Rows, labelledOnly } from "../../core/rows.js";
import { range } from "../../core/random.js";
import { ReferenceObjective } from "./objective.js";
import { inBlocks } from "../../math/pieces.js";
import { gradient, logits, offsetLogits, residual } from "../../math/passes.js";
import { type GradientSum, type ReferenceContext, type RowSum, addGradients, sumRows } from "./sum-rows.js";
import { update } from "./update.js";

/** Opens reference engines, which share only that they are closed together. */
export class ReferenceHost implements EngineHost {
  readonly #closing = new AbortController();

  async open(): Promise<Engine> {
    return referenceEngine(this.#closing.signal);
  }

  close(error: RuntimeClosedError): void {
    this.#closing.abort(error);
  }
}

/** The signal of engines that belong to no runtime. */
const NEVER = new AbortController().signal;

export function referenceEngine(closing = NEVER): Engine {
  return {
    name: "reference",
    adapter: "f64 loops on the CPU",
    place: async (source) => {
      const rows = await readAllRows(source);
      return placeRows(rows, { blockRows: planBlockRows(rows), closing });
    },
    close() {},
  };
}

/** Places rows. Tests set the rows of a block: in the plan small problems have one block. */
export function placeRows(
  given: Rows,
  { blockRows = planBlockRows(given), closing = NEVER }: Partial<Omit<ReferenceContext, "rows">> = {},
): Placement {
  const weights = given.weights?.slice() ?? new Float64Array(given.count).fill(1);
  const context = { rows: { ...given, weights }, blockRows, closing };
  return {
    async descent(problem, weights) {
      checkKernels(problem);
      return new ReferenceDescent(context, problem, weights);
    },
    async objective(problem) {
      checkKernels(problem);
      return new ReferenceObjective({ ...context, rows: labelledOnly(context.rows) }, problem);
    },
    async logits({ classes, weights, blockRows }) {
      return {
        blockRows,
        logits: (first, count) => logitsOf(context, range(count, first), weights, classes),
        release() {},
      };
    },
    weigh: (others) => weights.set(others),
    release() {},
  };
}

/** Computes the logits of some rows, (rows, classes), and yields to the event loop between blocks of them. */
async function logitsOf(
  { rows: data, closing }: ReferenceContext,
  rows: Uint32Array,
  weights: FloatArray,
  classes: number,
): Promise<Float64Array> {
  const z = new Float64Array(rows.length * classes);
  await inBlocks(rows, weights.length, (some, first) => {
    closing.throwIfAborted();
    z.set(logits(data, some, weights, classes), first * classes);
  });
  return z;
}

function checkKernels({ kernels = "table" }: Pick<DescentProblem, "kernels">): void {
  if (kernels === "auto" || kernels === "table") return;
  throw new OptionError(
    `kernels is ${JSON.stringify(kernels)}, but the engine is the reference, which has no choice of them.`,
  );
}

class ReferenceDescent implements Descent {
  readonly kernels = "table";
  readonly #context: ReferenceContext;
  readonly #problem: DescentProblem;
  #state: DescentState;
  #number = 0;

  constructor(context: ReferenceContext, problem: DescentProblem, weights: FloatArray) {
    this.#context = context;
    this.#problem = problem;
    const moments = Array.from({ length: momentCount(problem.rule) }, () => new Float64Array(weights.length));
    this.#state = { weights: Float64Array.from(weights), moments };
  }

  async *run(epochs: Iterable<Epoch> | AsyncIterable<Epoch>): AsyncGenerator<StepResult> {
    for await (const { order, steps } of epochs) {
      for (const step of steps) yield await this.#step(order.slice(step.first, step.first + step.rows), step);
    }
  }

  async #step(rows: Uint32Array, step: Step): Promise<StepResult> {
    const { classes } = this.#problem;
    const state = this.#state;
    const number = ++this.#number;
    const kept = step.capture
      ? {
          before: copy(state),
          logits: new Float64Array(rows.length * classes),
          residual: new Float64Array(rows.length * classes),
          losses: new Float64Array(rows.length),
        }
      : undefined;

    const { g, sums } = await sumRows<GradientSum>(rows, {
      ...this.#plan,
      zero: () => ({ g: new Float64Array(state.weights.length), sums: ZERO_SUMS }),
      addRows: (sum, some, first) => {
        const { z, r, losses, sums } = this.#passes(some, this.#problem.smoothing);
        gradient(this.#context.rows, some, r, classes, sum.g);
        kept?.logits.set(z, first * classes);
        kept?.residual.set(r, first * classes);
        kept?.losses.set(losses, first);
        return { g: sum.g, sums: addSums(sum.sums, sums) };
      },
      merge: addGradients,
    });
    update(state, g, step, number, this.#problem);

    if (!kept) return { sums };
    const chain = chainLength(rows.length, this.#context.blockRows);
    return { sums, passes: { ...kept, rows, step, number, gradient: g, after: copy(state), chain } };
  }

  evaluate(order: Uint32Array): Promise<Sums> {
    return sumRows<Sums>(order, {
      ...this.#plan,
      zero: () => ZERO_SUMS,
      addRows: (sum, some) => addSums(sum, this.#passes(some, 0).sums),
      merge: addSums,
    });
  }

  get #plan(): Omit<RowSum<unknown>, "zero" | "addRows" | "merge"> {
    const { rows, blockRows, closing } = this.#context;
    return { blockRows, closing, workPerRow: (rows.features + 1) * this.#problem.classes };
  }

  /** The logits and the residual of some rows, with their losses and sums. */
  #passes(rows: Uint32Array, smoothing: number | undefined) {
    const { classes } = this.#problem;
    const { rows: data } = this.#context;
    const z = offsetLogits(data, rows, this.#state.weights, classes);
    const { residual: r, losses, sums } = residual(data, rows, z, classes, smoothing);
    return { z, r, losses, sums };
  }

  async weights(): Promise<FloatArray> {
    this.#context.closing.throwIfAborted();
    return this.#state.weights.slice();
  }

  async snapshot(): Promise<DescentSnapshot> {
    this.#context.closing.throwIfAborted();
    return { ...copy(this.#state), steps: this.#number };
  }

  restore({ steps, ...state }: DescentSnapshot): void {
    this.#state = copy(state);
    this.#number = steps;
  }

  release() {}
}

function copy(state: DescentState): DescentState {
  return { weights: state.weights.slice(), moments: state.moments.map((moment) => moment.slice()) };
}
