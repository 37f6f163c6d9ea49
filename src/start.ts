/** A solver that is about to begin, on rows that are placed. */
import type { Label } from "./data/labels.js";
import type { FloatArray, Objective, Placement } from "./engine/engine.js";
import { objectiveParity } from "./objective-parity.js";
import type { Parity } from "./parity.js";
import type { Progress } from "./progress.js";
import { Lbfgs } from "./solve/lbfgs.js";
import { Newton } from "./solve/newton.js";
import { OwlQn } from "./solve/owl-qn.js";
import { momentsOf, pays, preconditioner } from "./solve/preconditioner.js";
import { secondOrder } from "./solve/second-order.js";
import type { Outcome } from "./solve/solver.js";
import { Tilted, tiltOf } from "./solve/tilted.js";
import { Stopwatch } from "./stopwatch.js";
import type { Task } from "./task.js";

export interface Start {
  readonly kernels: string;
  readonly steps: AsyncGenerator<Progress, Outcome>;
  release(): void;
}

/** What of a task a fit by lbfgs or newton is about. */
type Fit = Pick<Task<Label>, "settings" | "rows" | "classes" | "problem" | "examples" | "targets" | "start">;

/** What one fit may take over from others. */
export interface Given {
  /** (features + 1, classes) where to begin, instead of where the task does. */
  readonly weights?: FloatArray | undefined;
  /** (features + 1, features + 1) a preconditioner; one is made, where it pays, when absent. */
  readonly matrix?: FloatArray | undefined;
  /** F within so much of its minimum, by L-BFGS's own estimate, will do: Newton's method takes over only where it gets no further. */
  readonly enough?: number;
  /** How many fits go on at the same time, this one included. Default 1. */
  readonly together?: number;
  /** Hears how exact the engine is, at points on the way. */
  readonly watch?: ((seen: Parity) => void) | undefined;
  /** Stands still while the engine is checked. */
  readonly clock?: Stopwatch;
}

/**
 * What L-BFGS found, Newton's method has the last word on: it may take as many passes again, or as many as these floating point
 * operations are, some tenths of a second. Without a penalty it could take hundreds to tell what no prediction shows.
 */
const LAST_WORD = 2 ** 34;

/** For lbfgs and newton. The objective lives until the start is released. */
export async function startSecondOrder(
  task: Fit,
  placement: Placement,
  given: Given = {},
): Promise<Start & { readonly objective: Objective }> {
  const { settings: chosen, rows, classes, problem, examples } = task;
  const { train } = examples;
  const { intercept, kernels } = problem;
  const scale = 1 / (train.length * examples.meanWeight);
  const penalty = chosen.l2;
  const ofClasses = {
    classes: classes.length,
    intercept,
    scale,
    penalty,
    rows: train,
    ...(given.together !== undefined && { together: given.together }),
    ...(kernels !== undefined && { kernels }),
  };
  const ofLabels = await placement.objective(ofClasses);
  try {
    const objective = await softened(ofLabels, scale, task);
    const values =
      given.matrix ??
      (pays(train.length, rows.features, classes.length)
        ? await preconditioner(await momentsOf(rows, train, intercept), penalty)
        : undefined);
    const matrix = values && objective.matrix(values);
    const start = objective.vector(given.weights ?? task.start);
    const lbfgs = () => new Lbfgs(objective, { scale, penalty }, chosen.memory, start, matrix);
    const newton = (allowance?: number) =>
      new Newton(objective, { scale, penalty }, chosen.tolerance, start, matrix, allowance);
    const least = LAST_WORD / (4 * train.length * (rows.features + 1) * classes.length);
    const lastWord = (passes: number) => newton(Math.max(passes, least));
    const orthantwise = () =>
      new OwlQn(objective, { scale, penalty }, chosen.l1, chosen.memory, start, matrix);
    const { clock = new Stopwatch() } = given;
    const steps =
      chosen.l1 > 0
        ? secondOrder(orthantwise, undefined, objective, examples, chosen, undefined, clock)
        : chosen.solver === "lbfgs"
          ? secondOrder(lbfgs, lastWord, objective, examples, chosen, given.enough, clock)
          : secondOrder(newton, undefined, objective, examples, chosen, undefined, clock);
    const { watch } = given;
    const look = (weights: FloatArray) =>
      clock.pausedFor(async () => watch?.(await objectiveParity(placement, rows, ofClasses, weights)));
    return {
      kernels: objective.kernels,
      objective,
      steps: watch ? watched(steps, () => objective.read(start), look) : steps,
      release: () => objective.release(),
    };
  } catch (error) {
    ofLabels.release();
    throw error;
  }
}

/** Looks at the weights about the iterations 1, 10, 100 and so on, and at those that come out in the end. */
async function* watched(
  steps: AsyncGenerator<Progress, Outcome>,
  weights: () => Promise<FloatArray>,
  look: (weights: FloatArray) => Promise<void>,
): AsyncGenerator<Progress, Outcome> {
  let due = 1;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    if (step.value.iteration >= due && step.value.fraction < 1) {
      await look(await weights());
      while (due <= step.value.iteration) due *= 10;
    }
    yield step.value;
  }
  await look(step.value.weights);
  return step.value;
}

/** The objective with the targets that the examples have instead of one label each, where they have any. */
async function softened(objective: Objective, scale: number, task: Fit): Promise<Objective> {
  const { settings: chosen, rows, classes, problem, examples, targets } = task;
  if (!targets && chosen.labelSmoothing === 0) return objective;
  const of = (some: Uint32Array, smoothing: number) =>
    tiltOf(rows, some, classes.length, problem.intercept, smoothing, targets);
  const tilt = await of(examples.train, chosen.labelSmoothing);
  const validationTilt = targets && examples.validation && (await of(examples.validation, 0));
  return new Tilted(objective, scale, tilt, validationTilt);
}
