/** Trains with every solver in turn on the same digits and the same objective. */
import { type Progress, type TrainOptions, train } from "../../../src/index.js";
import { createDataset } from "../../../src/data/dataset.js";
import { SOLVER_NAMES, type SolverName, isSecondOrder } from "../../../src/solvers/solver-table.js";
import { type Job, L2 } from "./job.js";
import type { Digits } from "../shared/mnist.js";
import { weigh } from "./objective.js";
import type { ComparedPoint } from "./protocol.js";

/** Number of training digits to compare on: the first ones. */
const EXAMPLES = 10_000;
const PIXELS = 28 * 28;
/** Factor between the epochs or iterations of consecutive points of a solver. */
const GROWTH = 2;
/** Least epochs of the last point of a solver that does not stop by itself. */
const EPOCHS = 100;

/** Options that differ from the defaults. */
const OPTIONS: Readonly<Record<SolverName, TrainOptions<number>>> = {
  lbfgs: { tolerance: 1e-6 },
  newton: { tolerance: 1e-6 },
  gd: {},
  sgd: { momentum: 0.9 },
  adam: {},
  adamw: {},
};

/**
 * Yields the points of each solver. Each point is a separate training from the same start, limited in epochs
 * or iterations, because a first-order solver does not report F: its losses are sums over steps with changing
 * weights.
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
  const { rows } = createDataset(data);
  for (const solver of SOLVER_NAMES) {
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
