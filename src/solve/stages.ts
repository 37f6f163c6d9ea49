/** Which methods a second-order training goes through, one after another, and how much each may cost. */
import type { Objective, Vector } from "../engine/engine.js";
import type { Settings } from "../options.js";
import type { ElasticNet } from "./class-shift.js";
import { ConjugateGradients, type Preconditioner } from "./conjugate-gradients.js";
import { Lbfgs } from "./lbfgs.js";
import { type Method, type Scaling, readWeights } from "./method.js";
import type { NewtonEquation } from "./newton-equation.js";
import { NewtonModel } from "./newton-model.js";
import { Newton } from "./newton.js";
import { OrthantNewton } from "./orthant-newton.js";
import { OwlQn } from "./owl-qn.js";
import type { Stage } from "./second-order.js";

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
/** Iterations of Newton's method in f64. */
const EXACT_ITERATIONS = 100;

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

export interface StageContext {
  readonly objective: Objective;
  readonly scaling: Scaling;
  /** Where to begin; it becomes the present weights. */
  readonly start: Vector;
  readonly preconditioner: Preconditioner;
  readonly settings: Settings;
  /** The penalties, where some are l1. */
  readonly l1?: ElasticNet;
  readonly size: Size;
  /** The same problem in f64 with a dense Hessian. */
  readonly exact: () => Promise<{ readonly objective: Objective; readonly equation: NewtonEquation }>;
  /** Whether the first method's own guess of the distance will do. */
  readonly guessed: boolean;
}

export function stagesOf(context: StageContext): Stage[] {
  const { objective, scaling, start, preconditioner, settings, size, l1, guessed } = context;
  const { solver, tolerance, memory } = settings;
  const newton = (of: Objective, from: Vector, equation: NewtonEquation, allowance: number): Method => {
    const model = new NewtonModel(of, scaling, equation, { tolerance, allowance });
    return l1 ? new OrthantNewton(of, scaling, from, model, l1) : new Newton(of, scaling, from, model);
  };
  const exactlyAt = guessed ? "never" : exactness(size);

  const quasiNewton: Stage = {
    certifies: false,
    begin: async () =>
      l1
        ? new OwlQn(objective, scaling, memory, start, preconditioner.matrix)
        : new Lbfgs(objective, scaling, memory, start, preconditioner.matrix),
  };
  const onEngine: Stage = {
    certifies: exactlyAt !== "always",
    begin: async (before, passes) => {
      const least = Math.max(LEAST_PASSES, LAST_WORD / (size.rows * size.weights));
      const allowance = before ? Math.max(passes, least) : Infinity;
      return newton(objective, start, new ConjugateGradients(objective, preconditioner), allowance);
    },
  };
  const exactly: Stage = {
    certifies: true,
    begin: async (before) => {
      const { objective: same, equation } = await context.exact();
      const from = same.vector(before && (await readWeights(before)));
      return newton(same, from, equation, 2 * EXACT_ITERATIONS);
    },
  };
  return [
    ...(solver === "lbfgs" ? [quasiNewton] : []),
    ...(solver === "newton" || exactlyAt !== "always" ? [onEngine] : []),
    ...(exactlyAt === "never" ? [] : [exactly]),
  ];
}
