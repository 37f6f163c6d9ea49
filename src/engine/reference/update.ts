/** Updates the weights in f64 by each update rule. */
import type { Step, DescentProblem, DescentState } from "../descent.js";
import type { FloatArray } from "../../core/rows.js";

/** Returns the factor on the penalty of a weight, by its index in (features, classes). */
export type FactorOf = (i: number) => number;

/** Returns the factors of a problem's weights. */
export function factorsIn({ penaltyFactors, classes }: DescentProblem): FactorOf {
  return (i) => penaltyFactors?.[Math.floor(i / classes)] ?? 1;
}

/**
 * Changes `state` in place: W ← W − α·∂J/∂W, or the rule's step instead. `g` is the summed gradient, not yet
 * scaled or penalised; `number` counts steps from 1.
 */
export function update(
  state: DescentState,
  g: FloatArray,
  step: Step,
  number: number,
  problem: DescentProblem,
  factorOf: FactorOf = factorsIn(problem),
): void {
  const { weights, moments } = state;
  const { rule, classes } = problem;
  const intercept = weights.length - classes;
  for (let i = 0; i < (problem.intercept ? weights.length : intercept); i++) {
    const penalised = i < intercept;
    const gi = step.gradientScale * g[i] + (penalised ? step.penalty * factorOf(i) * weights[i] : 0);
    if (rule.kind === "adam") {
      const [first, second] = moments;
      if (penalised) weights[i] -= step.learningRate * rule.weightDecay * weights[i];
      first[i] = rule.beta1 * first[i] + (1 - rule.beta1) * gi;
      second[i] = rule.beta2 * second[i] + (1 - rule.beta2) * gi * gi;
      const mean = first[i] / (1 - rule.beta1 ** number);
      const square = second[i] / (1 - rule.beta2 ** number);
      weights[i] -= (step.learningRate * mean) / (Math.sqrt(square) + rule.epsilon);
    } else if (rule.momentum === 0) {
      weights[i] -= step.learningRate * gi;
    } else {
      const [velocity] = moments;
      velocity[i] = rule.momentum * velocity[i] + gi;
      weights[i] -= step.learningRate * (rule.nesterov ? gi + rule.momentum * velocity[i] : velocity[i]);
    }
  }
}
