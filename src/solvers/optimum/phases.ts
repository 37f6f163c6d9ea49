/**
 * Plans a second-order training: which methods run, in which order, and how many passes each may take.
 * Methods that only some problems need are loaded when their phase begins.
 */
import type { Objective, ObjectiveProblem } from "../../engine/objective.js";
import type { FloatArray, Rows } from "../../core/rows.js";
import type { ElasticNet } from "./class-shift.js";
import { ConjugateGradients, type Preconditioner } from "./conjugate-gradients.js";
import { Lbfgs } from "./lbfgs.js";
import type { Method, MethodContext } from "./method.js";
import { NewtonModel } from "./newton-model.js";
import { Newton } from "./newton.js";
import type { RowSample } from "./sampled-bound.js";
import type { StoppingSettings } from "./stopping.js";

/** Where the phases before have got to. */
export interface Before {
  /** Passes over X so far. */
  readonly passes: number;
  /** Returns a copy of the weights, (features + 1, classes). */
  weights(): Promise<FloatArray>;
}

/** One method of a training. It continues from the weights of the method before it. */
export interface Phase {
  /** Creates the method. */
  begin(before: Before | undefined): Promise<Method>;
  /**
   * True if the method computes its distance from the minimum. Only such a phase ends a training as
   * converged, unless `enough` allows guesses.
   */
  readonly certifies: boolean;
}

/** The options that full-batch solvers read: `train` documents them. */
export interface OptimumSettings extends StoppingSettings {
  readonly solver: string;
  readonly maxIterations: number;
  /** Pairs in the history of L-BFGS. Default: `historyLength`. */
  readonly memory?: number;
  readonly patience: number;
  readonly signal?: AbortSignal | undefined;
}

/** The size of a problem. */
export interface Size {
  readonly rows: number;
  /** Weights: (features + 1) × classes. */
  readonly weights: number;
  readonly classes: number;
}

/**
 * Operations of a dense Newton step, in f64 on this thread, that take under 0.1 s and under a few seconds.
 */
const SMALL = 2 ** 25;
const LARGE = 2 ** 31;
const SMALL_WEIGHTS = 400;
const LARGE_WEIGHTS = 1500;
/** Passes that Newton's method in f64 may take. */
const EXACT_PASSES = 300;

/**
 * When to compute the distance to the minimum with a dense Hessian in f64. Rounding in f32 can hide a
 * minimum, and conjugate gradients can miss a direction of little curvature; a dense Hessian in f64 does
 * neither. "always" is for problems where it costs next to nothing, "at last" for those where it costs
 * seconds: there it follows once everything else has stalled.
 */
export function exactness({ rows, weights }: Size): "always" | "at last" | "never" {
  const work = rows * weights ** 2 + weights ** 3;
  if (work <= SMALL && weights <= SMALL_WEIGHTS) return "always";
  return work <= LARGE && weights <= LARGE_WEIGHTS ? "at last" : "never";
}

/** Least rows of a sample, least rows per column of X, and least part of all rows. */
const LEAST_ROWS = 1024;
const ROWS_PER_COLUMN = 4;
const LEAST_SHARE = 1 / 16;
/** A sample pays if it is at most this part of all rows. Its logits, at most so many, are read back. */
const MOST_SHARE = 1 / 4;
const MOST_LOGITS = 2 ** 22;

/** How many rows the sample has that bounds the distance of L-BFGS, or undefined where none pays. */
export function sampleSize({ rows, weights, classes }: Size): number | undefined {
  const columns = weights / classes;
  const count = Math.ceil(Math.max(LEAST_ROWS, ROWS_PER_COLUMN * columns, LEAST_SHARE * rows));
  return count <= MOST_SHARE * rows && count * classes <= MOST_LOGITS ? count : undefined;
}

/** Least and most pairs of the history, rows for each pair, and bytes of f32 for all of them. */
const LEAST_PAIRS = 10;
const MOST_PAIRS = 150;
const ROWS_PER_PAIR = 400;
const HISTORY_BYTES = 2 ** 26;

/**
 * How many pairs L-BFGS keeps by default. Each saves iterations, and costs them about as much as a few rows:
 * there may be so many that they take a small part of a pass.
 */
export function historyLength({ rows, weights }: Size): number {
  const most = Math.min(MOST_PAIRS, HISTORY_BYTES / (12 * weights));
  return Math.floor(Math.max(LEAST_PAIRS, Math.min(rows / ROWS_PER_PAIR, most)));
}

/**
 * After another method, Newton's method on the engine may take as many passes as that one took, `LAST_WORD`
 * multiply-adds (some tenths of a second) or `LEAST_PASSES`, whichever is most. Without a penalty it could
 * take hundreds of passes to find what no prediction shows.
 */
const LAST_WORD = 2 ** 32;
const LEAST_PASSES = 50;

/** A problem in f64, and the rows from which its Hessian is computed. */
export interface ExactProblem {
  readonly objective: Objective;
  readonly rows: Rows;
  readonly problem: ObjectiveProblem;
}

export interface PhaseContext extends MethodContext {
  readonly preconditioner: Preconditioner;
  readonly settings: OptimumSettings;
  /** All penalties; absent without l1. */
  readonly l1?: ElasticNet;
  readonly size: Size;
  /** Creates the same problem in f64. */
  readonly exact: () => Promise<ExactProblem>;
  /** Opens the objective of a sample of so many rows. */
  readonly sample: (rows: number) => Promise<RowSample>;
  /** Whether the first method's guess of F − F* is good enough, so that no phase in f64 is needed. */
  readonly guessed: boolean;
}

export function phasesOf(context: PhaseContext): Phase[] {
  const { objective, scaling, start, preconditioner, settings, size, l1, guessed } = context;
  const { solver, tolerance, memory = historyLength(size) } = settings;
  const common = { objective, scaling, start };
  const exactlyAt = guessed ? "never" : exactness(size);

  // A sample of the rows may miss features without a penalty, whose curvature nothing else shows it.
  const isWhole = l1 || guessed || preconditioner.partlyFree;
  const sampled = isWhole || exactlyAt === "always" ? undefined : sampleSize(size);

  const quasiNewton: Phase = {
    certifies: sampled !== undefined,
    begin: async () => {
      const options = { ...common, memory, matrix: preconditioner.matrix };
      if (l1) return new (await import("./owl-qn.js")).OwlQn(options);
      const method = new Lbfgs(options);
      if (sampled === undefined) return method;
      const { CertifiedLbfgs } = await import("./certified-lbfgs.js");
      return new CertifiedLbfgs(method, {
        objective,
        scaling,
        tolerance,
        openSample: () => context.sample(sampled),
      });
    },
  };
  const onEngine: Phase = {
    certifies: exactlyAt !== "always",
    begin: async (before) => {
      const least = Math.max(LEAST_PASSES, LAST_WORD / (size.rows * size.weights));
      const allowance = before ? Math.max(before.passes, least) : Infinity;
      const model = new NewtonModel(objective, scaling, { tolerance, allowance });
      const equation = new ConjugateGradients(objective, preconditioner);
      if (!l1) return new Newton({ ...common, model, equation });
      const { OrthantNewton } = await import("./orthant-newton.js");
      return new OrthantNewton({ ...common, model, equation, penalties: l1 });
    },
  };
  const exactly: Phase = {
    certifies: true,
    begin: async (before) => {
      const exact = await context.exact();
      const model = new NewtonModel(exact.objective, scaling, { tolerance, allowance: EXACT_PASSES });
      const start = exact.objective.space.vector(await before?.weights());
      const inF64 = { objective: exact.objective, scaling, start, model };
      if (l1) {
        const { ProximalNewton } = await import("./proximal-newton.js");
        return new ProximalNewton({ ...inF64, rows: exact.rows, problem: exact.problem, net: l1 });
      }
      const { DenseEquation } = await import("./dense-equation.js");
      const equation = new DenseEquation(exact.objective, exact.rows, exact.problem);
      return new Newton({ ...inF64, equation });
    },
  };
  return [
    ...(solver === "lbfgs" ? [quasiNewton] : []),
    ...(solver === "newton" || exactlyAt !== "always" ? [onEngine] : []),
    ...(exactlyAt === "never" ? [] : [exactly]),
  ];
}
