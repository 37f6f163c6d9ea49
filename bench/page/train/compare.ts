/** Every solver in turn on the same digits, towards the same minimum. */
import { type Progress, type TrainOptions, train } from "../../../src/index.js";
import { dataset } from "../../../src/data/dataset.js";
import { SOLVERS, type SolverName, isSecondOrder } from "../../../src/train/options.js";
import { type Job, L2 } from "./job.js";
import type { Digits } from "../shared/mnist.js";
import { weigh } from "./objective.js";
import type { ComparedPoint } from "./protocol.js";

/** Digits that it is done on: the first ones. */
const EXAMPLES = 10_000;
const PIXELS = 28 * 28;
/** From one point of a solver to its next, in epochs or iterations. */
const GROWTH = 2;
/** Epochs of the solvers that do not end by themselves, at the least. */
const EPOCHS = 100;

/** What differs from the defaults. */
const OPTIONS: Readonly<Record<SolverName, TrainOptions<number>>> = {
  lbfgs: { tolerance: 1e-6 },
  newton: { tolerance: 1e-6 },
  gd: {},
  sgd: { momentum: 0.9 },
  adam: {},
  adamw: {},
};

/**
 * Each point is a training of its own from the same beginning, ended after so many epochs or iterations: what a first-order
 * solver reports in its course is the loss of weights that change as it is added up, and never F.
 */
export async function* compare(
  digits: Digits,
  engine: Job["engine"],
  signal: AbortSignal,
): AsyncGenerator<ComparedPoint> {
  const data = {
    x: digits.x.subarray(0, EXAMPLES * PIXELS),
    y: digits.y.subarray(0, EXAMPLES),
    features: PIXELS,
  };
  const { rows } = dataset(data);
  for (const solver of SOLVERS) {
    const count = isSecondOrder(solver) ? "maxIterations" : "epochs";
    for (let most = 1, ended = false; !ended; most *= GROWTH) {
      let last: Progress | undefined;
      const model = await train<number>(data, {
        ...OPTIONS[solver],
        solver,
        l2: L2,
        [count]: most,
        ...(engine && { engine }),
        signal,
        onProgress: (progress) => (last = progress),
      });
      const { examples = 0, elapsed = 0 } = last ?? {};
      const { reason } = model;
      yield { solver, passes: examples / rows.count, seconds: elapsed, reason, ...weigh(model, rows, L2) };
      ended = count === "epochs" ? most >= EPOCHS : model.converged || model.iterations < most;
    }
  }
}
