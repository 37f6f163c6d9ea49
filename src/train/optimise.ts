/** Sets up a second-order fit on placed rows: its objective, preconditioner and solver. */
import type { Label } from "../data/labels.js";
import { stratified } from "../data/sample.js";
import { type FeatureUnits, penaltiesIn } from "../data/units.js";
import type { Placement } from "../engine/engine.js";
import type { Objective, ObjectiveProblem } from "../engine/objective.js";
import { randomIntegers } from "../core/random.js";
import { readAllRows } from "../core/row-source.js";
import type { FloatArray } from "../core/rows.js";
import type { Parity } from "../parity/stages.js";
import type { Progress } from "../core/progress.js";
import {
  type InverseBound,
  featureMoments,
  preconditionerPays,
  preconditioner,
  smallestEigenvalue,
} from "../solvers/optimum/preconditioner.js";
import { UnshrunkBound } from "../solvers/optimum/unshrunk-bound.js";
import { roundingLoss } from "../solvers/optimum/rounding.js";
import { SecondOrder, type SecondOrderState } from "../solvers/optimum/minimise.js";
import type { Outcome, StateTaker } from "../solvers/solver.js";
import { phasesOf } from "../solvers/optimum/phases.js";
import { Stopwatch } from "../core/stopwatch.js";
import type { PreparedTask } from "./prepare.js";

/** Seed of the sample of rows that bounds the distance to the minimum. */
const SAMPLE_SEED = 1;

/** A solver that is ready to run. */
export interface Start {
  readonly kernels: string;
  readonly steps: AsyncGenerator<Progress, Outcome>;
  release(): void;
}

/** The fields of a task that a second-order fit needs. */
type Fit = Pick<
  PreparedTask<Label>,
  "settings" | "rows" | "classes" | "problem" | "examples" | "start" | "units"
>;

/** What a fit may take over from others, and how it is watched. */
export interface Given {
  /** (features + 1, classes) Initial weights. Default: those of the task. */
  readonly weights?: FloatArray | undefined;
  /** Preconditioner. Default: a new one, where it pays. */
  readonly inverse?: InverseBound | undefined;
  /** Stop when L-BFGS estimates that F − F* is below this. */
  readonly enough?: number;
  /** Number of fits that run at the same time, this one included. Default 1. */
  readonly together?: number;
  /** Receives the parity of the engine at some points of the fit. */
  readonly watch?: ((seen: Parity) => void) | undefined;
  /** Times the fit; paused while parity is checked. */
  readonly clock?: Stopwatch;
  readonly states?: StateTaker<SecondOrderState> | undefined;
  /** A state to go on from, of a fit of the same task on the same engine. It pins the kernels. */
  readonly from?: SecondOrderState | undefined;
}

/** Starts a fit by lbfgs or newton. The objective lives until the start is released. */
export async function startSecondOrder(
  task: Fit,
  placement: Placement,
  given: Given = {},
): Promise<Start & { readonly objective: Objective }> {
  const { rows, classes, examples, units } = task;
  const chosen = effective(task);
  const { train } = examples;
  const problem = objectiveProblem(task, given);
  const ofLabels = await placement.objective(problem);
  let sample: Objective | undefined;
  try {
    const targets = await targetsOf(task);
    const objective = targets(ofLabels);
    const inverse = given.inverse ?? (await inverseOf(task, problem.penalties));
    const penalised = inverse
      ? smallestEigenvalue(inverse, problem.penalties)
      : leastOf(problem.penalties) / 2;
    const floor = problem.intercept ? Math.min(penalised, leastShare(task) / 2) : penalised;
    const { clock = new Stopwatch(), from } = given;
    const partlyFree = problem.penalties.includes(0) && problem.penalties.some((one: number) => one > 0);
    const unshrunk =
      inverse && new UnshrunkBound(inverse.moments, problem.penalties, objective.space.precision);
    const preconditionerOf = ({ space }: Objective) => ({
      floor,
      partlyFree,
      ...(inverse && { matrix: space.matrix(inverse.values) }),
      ...(unshrunk && { unshrunk }),
    });
    const phases = phasesOf({
      objective,
      scaling: { scale: problem.scale },
      start: objective.space.vector(from?.method.weights ?? given.weights ?? task.start),
      preconditioner: preconditionerOf(objective),
      settings: chosen,
      ...(problem.l1 && { l1: { classes: classes.length, l1: problem.l1, l2: problem.penalties } }),
      size: {
        rows: train.length,
        weights: (rows.features + 1) * classes.length,
        classes: classes.length,
      },
      sample: async (count) => {
        const chosen = stratified(train, count, randomIntegers(SAMPLE_SEED));
        const share = count / train.length;
        const scale = problem.scale / share;
        const { weights } = rows;
        sample = await placement.objective({ ...problem, kernels: objective.kernels, scale, rows: chosen });
        return {
          objective: sample,
          scale,
          share,
          classes: classes.length,
          preconditioner: preconditionerOf(sample),
          ...(weights && { weights: Float64Array.from(chosen, (row) => weights[row]) }),
        };
      },
      guessed: given.enough !== undefined,
      exact: async () => {
        const { placeRows } = await import("../engine/reference/engine.js");
        const inMemory = await readAllRows(rows);
        const { kernels: _, ...inF64 } = problem; // a name that pins the engine's kernels is not the reference's
        return { objective: targets(await placeRows(inMemory).objective(inF64)), rows: inMemory, problem };
      },
    });
    const fit = new SecondOrder(phases, {
      kernels: objective.kernels,
      examples,
      settings: chosen,
      clock,
      roundingLoss: (method, point) =>
        roundingLoss(method, point, problem, (weights) => handedOut(weights, classes.length, units)),
      ...(given.enough !== undefined && { enough: given.enough }),
      states: given.states,
      from,
    });
    const { watch } = given;
    const look = () =>
      clock.pausedFor(async () => {
        const { objectiveParity } = await import("../parity/objective.js");
        const weights = await fit.weights();
        if (weights) watch?.(await objectiveParity(placement, rows, problem, weights));
      });
    return {
      kernels: objective.kernels,
      objective,
      steps: watch ? watched(fit.steps(), look) : fit.steps(),
      release: () => {
        objective.release();
        sample?.release();
      },
    };
  } catch (error) {
    ofLabels.release();
    throw error;
  }
}

/** Returns the settings, without a penalty where no feature has one: nothing then bounds the weights. */
function effective({ settings, problem: { penaltyFactors } }: Fit): Fit["settings"] {
  const isPenalised = penaltyFactors?.some((one: number) => one > 0) ?? true;
  return isPenalised ? settings : { ...settings, l1: 0, l2: 0 };
}

/**
 * Describes the mean objective, with penalties in the units of the task: for w̃ = w·unit, l2·w² is
 * l2/unit²·w̃².
 */
function objectiveProblem(
  { settings, rows, classes, problem, examples, units }: Fit,
  { together, from }: Given,
): ObjectiveProblem {
  const { intercept, penaltyFactors } = problem;
  const kernels = from?.kernels ?? problem.kernels;
  const { l1, l2, standardize } = settings;
  const penalised = standardize ? undefined : units;
  return {
    classes: classes.length,
    intercept,
    scale: 1 / (examples.train.length * examples.meanWeight),
    penalties: penaltiesIn(penalised, rows.features, l2, 2, penaltyFactors),
    ...(l1 > 0 && { l1: penaltiesIn(penalised, rows.features, l1, 1, penaltyFactors) }),
    rows: examples.train,
    ...(together !== undefined && { together }),
    ...(kernels !== undefined && { kernels }),
  };
}

/** Makes the preconditioner for these penalties, or returns undefined where it does not pay. */
async function inverseOf(
  { settings, rows, classes, problem, examples, units }: Fit,
  penalties: FloatArray,
): Promise<InverseBound | undefined> {
  const { train } = examples;
  if (!preconditionerPays(train.length, rows.features, classes.length)) return undefined;
  const { standardize, l1, l2 } = settings;
  const asGiven = !standardize && (l1 > 0 || l2 > 0); // else the units of the task are as good
  const shrunk = asGiven ? units?.unit : undefined;
  return preconditioner(await featureMoments(rows, train, problem.intercept, shrunk), penalties);
}

/**
 * Rounds the weights to f32 in the units of the data, as the model will have them, and returns them in the
 * units of the task.
 */
function handedOut(found: FloatArray, classes: number, units: FeatureUnits | undefined): FloatArray {
  const size = found.length - classes;
  return Float64Array.from(found, (w, i) => {
    const unit = units?.unit[Math.floor(i / classes)] ?? 1;
    return i < size ? Math.fround(w / unit) * unit : w;
  });
}

/**
 * Returns the rarest class's share of the weight: about the curvature of F along its intercept, which has no
 * penalty.
 */
function leastShare({ rows, classes, examples }: Fit): number {
  const shares = new Float64Array(classes.length);
  for (const row of examples.train) shares[rows.labels[row]] += rows.weights ? rows.weights[row] : 1;
  return leastOf(shares) / (examples.train.length * examples.meanWeight);
}

/** Returns the smallest value, or Infinity if there is none. */
function leastOf(penalties: FloatArray): number {
  return Array.from(penalties).reduce((a, b) => Math.min(a, b), Infinity);
}

/** Calls `look` at about iterations 1, 10, 100 and so on, and once for the final weights. */
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

/**
 * Returns a function that turns an objective of labels into one of the soft or smoothed targets, where there
 * are any.
 */
async function targetsOf({ rows, problem, examples }: Fit): Promise<(objective: Objective) => Objective> {
  if (!rows.targets && !problem.smoothing) return (objective) => objective;
  const { SoftTargetObjective, targetTermsOf } = await import("../solvers/optimum/soft-targets.js");
  const training = await targetTermsOf(rows, examples.train, problem);
  const validation =
    rows.targets &&
    examples.validation &&
    (await targetTermsOf(rows, examples.validation, { ...problem, smoothing: 0 }));
  const scale = 1 / (examples.train.length * examples.meanWeight);
  return (objective) => new SoftTargetObjective(objective, scale, training, validation);
}
