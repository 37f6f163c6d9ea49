/**
 * The solvers: one row each, with the options that it reads and the defaults in which it differs from others.
 */
import type { UpdateRule } from "../engine/descent.js";

/** The options that update rules read. */
export interface RuleSettings {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

interface SolverRow {
  /** Whether it evaluates all rows and ends at the optimum, or takes steps for a number of epochs. */
  readonly kind: "optimum" | "descent";
  /** Options that not all solvers read. Giving another solver one of them is an error. */
  readonly reads: readonly string[];
  readonly defaults?: {
    readonly epochs?: number;
    readonly learningRate?: number;
    readonly weightDecay?: number;
  };
  /** Turns a gradient into a step. For descents. */
  readonly rule?: (settings: RuleSettings) => UpdateRule;
}

const OPTIMUM = ["tolerance", "maxIterations"] as const;
const DESCENT = ["epochs", "learningRate", "reduction"] as const;
const MINIBATCH = [...DESCENT, "batchSize", "shuffle"] as const;
const ADAM = [...MINIBATCH, "beta1", "beta2", "epsilon"] as const;

const momentumRule = ({ momentum, nesterov }: RuleSettings): UpdateRule => ({
  kind: "sgd",
  momentum,
  nesterov,
});
const adamRule = ({ beta1, beta2, epsilon, weightDecay }: RuleSettings): UpdateRule => ({
  kind: "adam",
  beta1,
  beta2,
  epsilon,
  weightDecay,
});

const TABLE = {
  /** L-BFGS (Liu & Nocedal 1989), with l1 OWL-QN (Andrew & Gao 2007). */
  lbfgs: { kind: "optimum", reads: [...OPTIMUM, "memory", "l1"] },
  /** Newton's method by conjugate gradients. */
  newton: { kind: "optimum", reads: OPTIMUM },
  /** Gradient descent on all rows at once, as in the derivation. */
  gd: { kind: "descent", reads: DESCENT, defaults: { epochs: 100, learningRate: 0.5 }, rule: momentumRule },
  /** Stochastic gradient descent. */
  sgd: {
    kind: "descent",
    reads: [...MINIBATCH, "sampling", "momentum", "nesterov"],
    defaults: { learningRate: 0.1 },
    rule: momentumRule,
  },
  /** Kingma & Ba 2015. */
  adam: { kind: "descent", reads: ADAM, rule: adamRule },
  /** Loshchilov & Hutter 2019. */
  adamw: {
    kind: "descent",
    reads: [...ADAM, "weightDecay"],
    defaults: { weightDecay: 0.01 },
    rule: adamRule,
  },
} as const satisfies Readonly<Record<string, SolverRow>>;

/** A solver. "lbfgs" and "newton" go to the optimum, the others take a number of steps. */
export type SolverName = keyof typeof TABLE;

export const SOLVERS: Readonly<Record<SolverName, SolverRow>> = TABLE;

export const SOLVER_NAMES: readonly SolverName[] = Object.keys(TABLE).filter(isSolver);

function isSolver(name: string): name is SolverName {
  return Object.hasOwn(TABLE, name);
}

/** Tells whether the solver evaluates all rows at every step and ends at the optimum. */
export function isSecondOrder(solver: SolverName): boolean {
  return SOLVERS[solver].kind === "optimum";
}

/** Returns the solver's rule for turning a gradient into a step: plain descent where it has none. */
export function updateRule(solver: SolverName, settings: RuleSettings): UpdateRule {
  const { rule = momentumRule } = SOLVERS[solver];
  return rule(settings);
}

/** Returns the solvers that read an option: all of them where no row names it. */
export function solversThatRead(option: string): readonly SolverName[] {
  const readers = SOLVER_NAMES.filter((name) => SOLVERS[name].reads.includes(option));
  return readers.length > 0 ? readers : SOLVER_NAMES;
}
