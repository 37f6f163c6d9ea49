/** Stages of a training that are checked against the f64 reference, and the result of the checks. */

/** Stages of a first-order step. */
export const STEP_STAGES = ["logits", "residual", "loss", "gradient", "update"] as const;

export const STAGES = [...STEP_STAGES, "curvature"] as const;

/** A stage of a training that is checked against the f64 reference. */
export type Stage = (typeof STAGES)[number];

/** Result of the option `parity`: errors of the engine against the f64 reference, ÷ their bounds. */
export interface Parity {
  /** Largest error ÷ bound over all stages and steps. Above 1, the engine is wrong. */
  readonly rho: number;
  /**
   * Largest error ÷ bound of each stage that was checked. First-order solvers have no curvature; lbfgs and
   * newton have no update and no residual.
   */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
  /** Steps that were checked; for lbfgs and newton, points. */
  readonly steps: number;
  /** Examples whose logits, residual and loss were checked, over all steps: at most 256 of a large step. */
  readonly examples: number;
}

export const NO_PARITY: Parity = {
  rho: 0,
  stages: {},
  steps: 0,
  examples: 0,
};

/** Combines two results: the larger error ÷ bound of each stage, and the steps and examples of both. */
export function mergeParity(a: Parity, b: Parity): Parity {
  const stages: Partial<Record<Stage, number>> = { ...a.stages };
  for (const stage of STAGES) {
    const rho = b.stages[stage];
    if (rho !== undefined) stages[stage] = maxOrInfinity(a.stages[stage] ?? 0, rho);
  }
  return {
    rho: maxOrInfinity(a.rho, b.rho),
    stages,
    steps: a.steps + b.steps,
    examples: a.examples + b.examples,
  };
}

/** Math.max, except that NaN in `b` counts as infinitely wrong. */
export function maxOrInfinity(a: number, b: number): number {
  return Number.isNaN(b) ? Infinity : Math.max(a, b);
}
