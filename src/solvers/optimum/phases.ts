/** Which methods a second-order training goes through, one after another, and how much each may cost. */
import type { Objective, ObjectiveProblem } from "../../engine/objective.js";
import type { Vector } from "../../engine/vectors.js";
import type { Rows } from "../../core/rows.js";
import type { ElasticNet } from "./class-shift.js";
import { ConjugateGradients, type Preconditioner } from "./conjugate-gradients.js";
import { Lbfgs } from "./lbfgs.js";
import { DenseEquation } from "./dense-equation.js";
import { type Scaling, readWeights } from "./method.js";
import { NewtonModel } from "./newton-model.js";
import { Newton } from "./newton.js";
import { OrthantNewton } from "./orthant-newton.js";
import { OwlQn } from "./owl-qn.js";
import { ProximalNewton } from "./proximal-newton.js";
import type { OptimumSettings, Phase } from "./minimise.js";

/** The size of a problem. */
export interface Size {
  readonly rows: number;
  /** Weights: (features + 1) × classes. */
  readonly weights: number;
}

/** Operations of a dense Hessian, in f64 on this thread, that take less than a tenth of a second, and less than a few. */
const SMALL = 2 ** 25;
const LARGE = 2 ** 31;
const SMALL_WEIGHTS = 400;
const LARGE_WEIGHTS = 1500;
/** Passes that Newton's method may take in f64. */
const EXACT_PASSES = 300;

/**
 * Where the distance to the minimum is found out. Rounding in f32 can hide a minimum, and conjugate gradients a direction
 * of little curvature, but a dense Hessian in f64 hides nothing: "always" for problems for which it costs next to nothing, "at last"
 * for those for which it costs seconds, where everything else has stalled.
 */
export function exactness({ rows, weights }: Size): "always" | "at last" | "never" {
  const work = rows * weights ** 2 + weights ** 3;
  if (work <= SMALL && weights <= SMALL_WEIGHTS) return "always";
  return work <= LARGE && weights <= LARGE_WEIGHTS ? "at last" : "never";
}

/**
 * Newton's method on the engine may take as many passes as the method before it, or as these multiply-adds are, some tenths
 * of a second, or this many. Without a penalty it could take hundreds to find out what no prediction shows.
 */
const LAST_WORD = 2 ** 32;
const LEAST_PASSES = 50;

/** A problem in f64, and the rows that its Hessian is made of. */
export interface ExactProblem {
  readonly objective: Objective;
  readonly rows: Rows;
  readonly problem: ObjectiveProblem;
}

export interface PhaseContext {
  readonly objective: Objective;
  readonly scaling: Scaling;
  /** Where to begin; it becomes the present weights. */
  readonly start: Vector;
  readonly preconditioner: Preconditioner;
  readonly settings: OptimumSettings;
  /** The penalties, where some are l1. */
  readonly l1?: ElasticNet;
  readonly size: Size;
  /** The same problem in f64. */
  readonly exact: () => Promise<ExactProblem>;
  /** Whether the first method's own guess of the distance will do. */
  readonly guessed: boolean;
}

export function phasesOf(context: PhaseContext): Phase[] {
  const { objective, scaling, start, preconditioner, settings, size, l1, guessed } = context;
  const { solver, tolerance, memory } = settings;
  const exactlyAt = guessed ? "never" : exactness(size);

  const quasiNewton: Phase = {
    certifies: false,
    begin: async () =>
      l1
        ? new OwlQn(objective, scaling, memory, start, preconditioner.matrix)
        : new Lbfgs(objective, scaling, memory, start, preconditioner.matrix),
  };
  const onEngine: Phase = {
    certifies: exactlyAt !== "always",
    begin: async (before, passes) => {
      const least = Math.max(LEAST_PASSES, LAST_WORD / (size.rows * size.weights));
      const allowance = before ? Math.max(passes, least) : Infinity;
      const model = new NewtonModel(objective, scaling, { tolerance, allowance });
      const equation = new ConjugateGradients(objective, preconditioner);
      return l1
        ? new OrthantNewton(objective, scaling, start, model, equation, l1)
        : new Newton(objective, scaling, start, model, equation);
    },
  };
  const exactly: Phase = {
    certifies: true,
    begin: async (before) => {
      const exact = await context.exact();
      const from = exact.objective.vector(before && (await readWeights(before)));
      const model = new NewtonModel(exact.objective, scaling, { tolerance, allowance: EXACT_PASSES });
      if (l1) return new ProximalNewton(exact.objective, scaling, from, model, { ...exact, net: l1 });
      const equation = new DenseEquation(exact.objective, exact.rows, exact.problem);
      return new Newton(exact.objective, scaling, from, model, equation);
    },
  };
  return [
    ...(solver === "lbfgs" ? [quasiNewton] : []),
    ...(solver === "newton" || exactlyAt !== "always" ? [onEngine] : []),
    ...(exactlyAt === "never" ? [] : [exactly]),
  ];
}
