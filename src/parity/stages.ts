/** The stages of a training that are held against the f64 reference, and the result of that. */

/** What is checked of a step. */
export const STEP_STAGES = ["logits", "residual", "loss", "gradient", "update"] as const;

export const STAGES = [...STEP_STAGES, "curvature"] as const;

export type Stage = (typeof STAGES)[number];

export interface Parity {
  /** The largest error ÷ bound of all stages and steps. Above 1, the engine is wrong. */
  readonly rho: number;
  /** Of the stages that were checked: first-order solvers have no curvature, lbfgs and newton no update, nor residuals of their own. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  /** Steps that were checked; of lbfgs and newton, points. */
  readonly steps: number;
  /**
   * Examples whose logits, residual and loss were checked: all of those steps, or a sample of 256 at most of
   * each.
   */
  readonly examples: number;
}

export const NO_PARITY: Parity = {
  rho: 0,
  stages: {},
  steps: 0,
  examples: 0,
};

/** The worst of both, over the steps of both. */
export function worst(a: Parity, b: Parity): Parity {
  const stages: Partial<Record<Stage, number>> = { ...a.stages };
  for (const stage of STAGES) {
    const rho = b.stages[stage];
    if (rho !== undefined) stages[stage] = larger(a.stages[stage] ?? 0, rho);
  }
  return {
    rho: larger(a.rho, b.rho),
    stages,
    steps: a.steps + b.steps,
    examples: a.examples + b.examples,
  };
}

/** As Math.max, but what is not a number counts as infinitely wrong. */
export function larger(a: number, b: number): number {
  return Number.isNaN(b) ? Infinity : Math.max(a, b);
}
