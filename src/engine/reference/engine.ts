/** The reference engine: the passes of `math/passes.ts` in f64, block by block, on the calling thread. */
import { OptionError } from "../../core/errors.js";
import { type Engine, type Placement } from "../engine.js";
import {
  type Descent,
  type DescentProblem,
  type DescentSnapshot,
  type DescentState,
  type Step,
  type StepResult,
  momentCount,
} from "../descent.js";
import { ZERO_SUMS, type Sums, addSums } from "../../core/sums.js";
import { type FloatArray, type Rows } from "../../core/rows.js";
import { inBlocks } from "../../math/pieces.js";
import { ReferenceObjective } from "./objective.js";
import { gradient, logits, residual } from "../../math/passes.js";
import { update } from "./update.js";

export function referenceEngine(): Engine {
  return {
    name: "reference",
    adapter: "f64 loops on the CPU",
    place: (rows) => Promise.resolve(placement(rows)),
    close() {},
  };
}

function placement(given: Rows): Placement {
  const weights = given.weights?.slice() ?? new Float64Array(given.count).fill(1);
  const rows = { ...given, weights };
  return {
    async descent(problem, weights) {
      checkKernels(problem);
      return new ReferenceDescent(rows, problem, weights);
    },
    async objective(problem) {
      checkKernels(problem);
      const { targets: _, ...labelled } = rows;
      return new ReferenceObjective(labelled, problem);
    },
    weigh: (others) => weights.set(others),
    release() {},
  };
}

function checkKernels({ kernels = "table" }: Pick<DescentProblem, "kernels">): void {
  if (kernels === "auto" || kernels === "table") return;
  throw new OptionError(
    `kernels is ${JSON.stringify(kernels)}, but the engine is the reference, which has no choice of them.`,
  );
}

class ReferenceDescent implements Descent {
  readonly kernels = "table";
  readonly #data: Rows;
  readonly #problem: DescentProblem;
  #state: DescentState;
  #number = 0;

  constructor(data: Rows, problem: DescentProblem, weights: FloatArray) {
    this.#data = data;
    this.#problem = problem;
    const moments = Array.from({ length: momentCount(problem.rule) }, () => new Float64Array(weights.length));
    this.#state = { weights: Float64Array.from(weights), moments };
  }

  async *run(order: Uint32Array, steps: readonly Step[]): AsyncGenerator<StepResult> {
    for (const step of steps) yield await this.#step(order.slice(step.first, step.first + step.rows), step);
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

    const g = new Float64Array(state.weights.length);
    const sums = await this.#blocks(rows, this.#problem.smoothing, (block, first, z, r, losses) => {
      gradient(this.#data, block, r, classes, g);
      kept?.logits.set(z, first * classes);
      kept?.residual.set(r, first * classes);
      kept?.losses.set(losses, first);
    });
    update(state, g, step, number, this.#problem);

    if (!kept) return { sums };
    return {
      sums,
      passes: { ...kept, rows, step, number, gradient: g, after: copy(state), chain: rows.length },
    };
  }

  evaluate(order: Uint32Array): Promise<Sums> {
    return this.#blocks(order, 0, () => {});
  }

  /** Hands logits and residual to `use` block by block, and returns the sums over all rows. */
  async #blocks(
    rows: Uint32Array,
    smoothing: number | undefined,
    use: (block: Uint32Array, first: number, z: Float64Array, r: Float64Array, losses: Float64Array) => void,
  ): Promise<Sums> {
    const { classes } = this.#problem;
    let total = ZERO_SUMS;
    const workPerRow = (this.#data.features + 1) * classes;
    await inBlocks(rows, workPerRow, (block, first) => {
      const z = logits(this.#data, block, this.#state.weights, classes);
      const { residual: r, losses, sums } = residual(this.#data, block, z, classes, smoothing);
      use(block, first, z, r, losses);
      total = addSums(total, sums);
    });
    return total;
  }

  weights(): Promise<FloatArray> {
    return Promise.resolve(this.#state.weights.slice());
  }

  snapshot(): Promise<DescentSnapshot> {
    return Promise.resolve({ ...copy(this.#state), steps: this.#number });
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
