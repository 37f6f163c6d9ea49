/** A solver that is about to begin, on rows that are placed. */
import type { Label } from "../data/labels.js";
import { type FeatureUnits, penaltiesIn } from "../data/units.js";
import type { Placement } from "../engine/engine.js";
import type { Objective, ObjectiveProblem } from "../engine/objective.js";
import type { FloatArray } from "../core/rows.js";
import { referenceEngine } from "../engine/reference/engine.js";
import { objectiveParity } from "../parity/objective.js";
import type { Parity } from "../parity/stages.js";
import type { Progress } from "../core/progress.js";
import {
  type InverseBound,
  featureMoments,
  pays,
  preconditioner,
  smallestEigenvalue,
} from "../solvers/optimum/preconditioner.js";
import { lostByRounding } from "../solvers/optimum/rounding.js";
import { SecondOrder } from "../solvers/optimum/minimise.js";
import type { Outcome } from "../solvers/solver.js";
import { phasesOf } from "../solvers/optimum/phases.js";
import { Tilted, tiltOf } from "../solvers/optimum/soft-targets.js";
import { Stopwatch } from "../core/stopwatch.js";
import type { Task } from "./problem.js";

export interface Start {
  readonly kernels: string;
  readonly steps: AsyncGenerator<Progress, Outcome>;
  release(): void;
}

/** The fields of a task that a second-order fit needs. */
type Fit = Pick<
  Task<Label>,
  "settings" | "rows" | "classes" | "problem" | "examples" | "targets" | "start" | "units"
>;

/** What one fit may take over from others. */
export interface Given {
  /** (features + 1, classes) where to begin, instead of where the task does. */
  readonly weights?: FloatArray | undefined;
  /** A preconditioner; one is made, where it pays, when absent. */
  readonly inverse?: InverseBound | undefined;
  /** Stop when L-BFGS guesses that F − F* is below this. */
  readonly enough?: number;
  /** Fits that go on at the same time, this one included. Default 1. */
  readonly together?: number;
  /** Hears how exact the engine is, at points on the way. */
  readonly watch?: ((seen: Parity) => void) | undefined;
  /** Stands still while the engine is checked. */
  readonly clock?: Stopwatch;
}

/** For lbfgs and newton. The objective lives until the start is released. */
export async function startSecondOrder(
  task: Fit,
  placement: Placement,
  given: Given = {},
): Promise<Start & { readonly objective: Objective }> {
  const { settings: chosen, rows, classes, examples, units } = task;
  const { train } = examples;
  const problem = objectiveProblem(task, given);
  const ofLabels = await placement.objective(problem);
  try {
    const targets = await targetsOf(task);
    const objective = targets(ofLabels);
    const inverse = given.inverse ?? (await inverseOf(task, problem.penalties));
    const penalised = inverse
      ? smallestEigenvalue(inverse, problem.penalties)
      : leastOf(problem.penalties) / 2;
    const floor = problem.intercept ? Math.min(penalised, leastShare(task) / 2) : penalised;
    const { clock = new Stopwatch() } = given;
    const preconditioner = { floor, ...(inverse && { matrix: objective.matrix(inverse.values) }) };
    const stages = phasesOf({
      objective,
      scaling: { scale: problem.scale },
      start: objective.vector(given.weights ?? task.start),
      preconditioner,
      settings: chosen,
      ...(problem.l1 && { l1: { classes: classes.length, l1: problem.l1, l2: problem.penalties } }),
      size: { rows: train.length, weights: (rows.features + 1) * classes.length },
      guessed: given.enough !== undefined,
      exact: async () => {
        const placed = await referenceEngine().place(rows);
        return { objective: targets(await placed.objective(problem)), rows, problem };
      },
    });
    const fit = new SecondOrder(stages, {
      examples,
      settings: chosen,
      clock,
      lostByRounding: (method, point) =>
        lostByRounding(method, point, problem, (weights) => handedOut(weights, classes.length, units)),
      ...(given.enough !== undefined && { enough: given.enough }),
    });
    const { watch } = given;
    const look = () =>
      clock.pausedFor(async () => {
        const weights = await fit.weights();
        if (weights) watch?.(await objectiveParity(placement, rows, problem, weights));
      });
    return {
      kernels: objective.kernels,
      objective,
      steps: watch ? watched(fit.steps(), look) : fit.steps(),
      release: () => objective.release(),
    };
  } catch (error) {
    ofLabels.release();
    throw error;
  }
}

/** The mean loss, and the penalties in the units of the task: on w̃ = w·unit, l2·w² is l2/unit²·w̃². */
function objectiveProblem(
  { settings, rows, classes, problem, examples, units }: Fit,
  { together }: Given,
): ObjectiveProblem {
  const { intercept, kernels } = problem;
  const { l1, l2, standardize } = settings;
  const penalised = standardize ? undefined : units;
  return {
    classes: classes.length,
    intercept,
    scale: 1 / (examples.train.length * examples.meanWeight),
    penalties: penaltiesIn(penalised, rows.features, l2, 2),
    ...(l1 > 0 && { l1: penaltiesIn(penalised, rows.features, l1, 1) }),
    rows: examples.train,
    ...(together !== undefined && { together }),
    ...(kernels !== undefined && { kernels }),
  };
}

/** The preconditioner for these penalties, where it pays. */
async function inverseOf(
  { settings, rows, classes, problem, examples, units }: Fit,
  penalties: FloatArray,
): Promise<InverseBound | undefined> {
  const { train } = examples;
  if (!pays(train.length, rows.features, classes.length)) return undefined;
  const { standardize, l1, l2 } = settings;
  const asGiven = !standardize && (l1 > 0 || l2 > 0); // without a penalty no units are better than those of the task
  const shrunk = asGiven ? units?.unit : undefined;
  return preconditioner(await featureMoments(rows, train, problem.intercept, shrunk), penalties);
}

/** The weights of the model in the units of the task, after they were rounded in those of the data. */
function handedOut(found: FloatArray, classes: number, units: FeatureUnits | undefined): FloatArray {
  const size = found.length - classes;
  return Float64Array.from(found, (w, i) => {
    const unit = units?.unit[Math.floor(i / classes)] ?? 1;
    return i < size ? Math.fround(w / unit) * unit : w;
  });
}

/** The share of the rarest class in the weight: about the curvature of F along its intercept, which no penalty adds to. */
function leastShare({ rows, classes, examples }: Fit): number {
  const shares = new Float64Array(classes.length);
  for (const row of examples.train) shares[rows.labels[row]] += rows.weights ? rows.weights[row] : 1;
  return leastOf(shares) / (examples.train.length * examples.meanWeight);
}

function leastOf(penalties: FloatArray): number {
  return Array.from(penalties).reduce((a, b) => Math.min(a, b), Infinity);
}

/** Looks at the weights about the iterations 1, 10, 100 and so on, and at those that come out in the end. */
async function* watched(
  steps: AsyncGenerator<Progress, Outcome>,
  look: () => Promise<void>,
): AsyncGenerator<Progress, Outcome> {
  let due = 1;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) {
    if (step.value.iteration >= due && step.value.fraction < 1) {
      await look();
      while (due <= step.value.iteration) due *= 10;
    }
    yield step.value;
  }
  await look();
  return step.value;
}

/** Makes an objective of labels one of the targets that the examples have instead, where they have any. */
async function targetsOf(task: Fit): Promise<(objective: Objective) => Objective> {
  const { settings: chosen, rows, classes, problem, examples, targets } = task;
  if (!targets && chosen.labelSmoothing === 0) return (objective) => objective;
  const of = (some: Uint32Array, smoothing: number) =>
    tiltOf(rows, some, classes.length, problem.intercept, smoothing, targets);
  const tilt = await of(examples.train, chosen.labelSmoothing);
  const validationTilt = targets && examples.validation && (await of(examples.validation, 0));
  const scale = 1 / (examples.train.length * examples.meanWeight);
  return (objective) => new Tilted(objective, scale, tilt, validationTilt);
}
