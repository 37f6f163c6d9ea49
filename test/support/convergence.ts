/** Runs a fit of a random problem and compares what it says of itself with the exact minimum. */
import type { EngineName } from "../../src/engine/engine.js";
import type * as library from "../../src/index.js";
import { type DenseMinimum, denseMinimum } from "./dense-newton.js";
import { objectiveOf } from "./dense-objective.js";
import { type RandomProblem, randomProblem } from "./random-problems.js";
import { adjusted } from "./adjusted-problems.js";
import { tallProblem } from "./tall-problems.js";

export interface Verdict {
  readonly seed: number;
  readonly engine: EngineName;
  readonly kind: RandomProblem["kind"];
  readonly flags: RandomProblem["flags"];
  readonly tolerance: number;
  readonly minimum: DenseMinimum;
  /** The fit, unless training threw. */
  readonly fit?: Fit;
  /** The error, if training threw one. */
  readonly error?: string;
  /** It reports convergence, but is farther from the minimum than the tolerance. */
  readonly falseConverged: boolean;
  /** It is within a tenth of the tolerance, but reports that it has not converged. */
  readonly falseNot: boolean;
  /** The true distance to the minimum ÷ the distance in `reason`. Undefined where either is missing. */
  readonly understatement?: number;
  /** F of the fit is below the oracle's minimum by more than the oracle's error, so the oracle is wrong. */
  readonly oracleBeaten: boolean;
  readonly description: string;
}

interface Fit {
  readonly converged: boolean;
  readonly reason: string;
  readonly iterations: number;
  /** F of the returned model. */
  readonly value: number;
  /** (F − F*) ÷ max(F*, 0.01) */
  readonly relative: number;
  /** F − F* according to `reason`. */
  readonly said?: number;
}

const DEFAULT_TOLERANCE = 1e-5;
/** The tolerance is relative to F*, or to this where F* is smaller. */
const LEAST = 0.01;
/** Relative distances below this are rounding of f32: a `reason` may give any smaller number for them. */
const UNSAID = 1e-7;

/** With l1, the oracle's search ends within this relative distance of its minimum. */
const SEARCH_END = 1e-10;

type Train = typeof library.train;

/** The problem of a seed and its minimum, shared by fits on several engines. */
export interface Case {
  readonly problem: RandomProblem;
  readonly minimum: DenseMinimum;
}

/** Which problems are drawn: tall ones, with penalty factors and offsets. */
export interface Drawn {
  readonly tall?: boolean;
  readonly adjusted?: boolean;
}

/** The problem of the seed. */
export function caseOf(seed: number, { tall = false, adjusted: isAdjusted = false }: Drawn = {}): Case {
  const drawn = tall ? tallProblem(seed) : randomProblem(seed);
  const problem = isAdjusted ? adjusted(drawn) : drawn;
  return { problem, minimum: denseMinimum(problem.dense) };
}

export async function judge({ problem, minimum }: Case, engine: EngineName, train: Train): Promise<Verdict> {
  const tolerance = problem.options.tolerance ?? DEFAULT_TOLERANCE;
  const base = {
    seed: problem.seed,
    engine,
    kind: problem.kind,
    flags: problem.flags,
    tolerance,
    minimum,
    description: problem.description,
  };
  let model: library.SoftmaxModel<number>;
  try {
    model = await fitted(problem, engine, train);
  } catch (error) {
    return { ...base, error: String(error), falseConverged: false, falseNot: false, oracleBeaten: false };
  }
  const { converged, reason, iterations } = model;
  const value = objectiveOf(problem.dense, model);
  const size = Math.max(minimum.value, LEAST);
  const distance = value - minimum.value;
  const said = saidDistance(reason, value);
  const allowed = tolerance * size + minimum.error;
  return {
    ...base,
    fit: {
      converged,
      reason,
      iterations,
      value,
      relative: distance / size,
      ...(said !== undefined && { said }),
    },
    falseConverged: converged && !(distance <= allowed && mayConverge(problem, minimum)),
    falseNot: !converged && minimum.exists && distance <= 0.1 * tolerance * size,
    ...(said !== undefined &&
      minimum.exists && {
        understatement: Math.max(0, distance - minimum.error) / Math.max(said, UNSAID * size),
      }),
    oracleBeaten: distance < -(minimum.error + SEARCH_END * size),
  };
}

/** Separable classes without a penalty never converge. */
function mayConverge({ dense }: RandomProblem, { exists, value }: DenseMinimum): boolean {
  return exists || dense.l1 > 0 || dense.l2 > 0 || value > 1e-9;
}

function fitted({ data, options, start }: RandomProblem, engine: EngineName, train: Train) {
  const chosen = { ...options, engine };
  if (start === "zeros") return train(data, chosen);
  if (start === "centroids" || !("fit" in start)) return train(data, { ...chosen, init: start });
  const { intercept, standardize } = options;
  return train(data, {
    ...start.fit,
    engine,
    ...(intercept !== undefined && { intercept }),
    ...(standardize !== undefined && { standardize }),
  }).then((init) => train(data, { ...chosen, init }));
}

/**
 * F − F* according to "F within about 3e-6 of its minimum", where the number is relative to F*, or to 0.01
 * where F* is smaller.
 */
function saidDistance(reason: string, value: number): number | undefined {
  const found = /F within about (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)/.exec(reason);
  if (!found) return undefined;
  const said = Number(found[1]);
  return said * Math.max(value / (1 + said), LEAST);
}
