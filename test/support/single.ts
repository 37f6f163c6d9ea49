/** Computes the passes of a step in f32 with every operation rounded, as an engine on a device does. */
import type { Passes, DescentProblem, DescentState } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { targetsOf } from "../../src/math/passes.js";

const f = Math.fround;

/** One fault of an engine: changes what a stage computed before the next stage uses it. */
export interface Fault {
  readonly logits?: (passes: Passes) => void;
  readonly residual?: (passes: Passes) => void;
  readonly gradient?: (passes: Passes) => void;
  readonly update?: (passes: Passes) => void;
}

/** Recomputes in f32 the step that `reference` captured, from the same weights and with this fault. */
export function inSingle(reference: Passes, data: Rows, problem: DescentProblem, fault: Fault = {}): Passes {
  const before = rounded(reference.before);
  const count = reference.rows.length;
  const passes = {
    ...reference,
    before,
    logits: new Float32Array(count * problem.classes),
    residual: new Float32Array(count * problem.classes),
    losses: new Float32Array(count),
    gradient: new Float32Array(before.weights.length),
    after: rounded(before),
  };
  logits(passes, data, problem);
  fault.logits?.(passes);
  residual(passes, data, problem);
  fault.residual?.(passes);
  gradient(passes, data, problem);
  fault.gradient?.(passes);
  update(passes, problem);
  fault.update?.(passes);
  return passes;
}

function rounded({ weights, moments }: DescentState): DescentState {
  return {
    weights: Float32Array.from(weights),
    moments: moments.map((moment) => Float32Array.from(moment)),
  };
}

function logits(
  { rows, before, logits: z }: Passes,
  { x, features, scale }: Rows,
  { classes }: DescentProblem,
): void {
  rows.forEach((row, n) => {
    for (let k = 0; k < classes; k++) {
      let sum = before.weights[features * classes + k];
      for (let d = 0; d < features; d++) {
        const feature = f(f(scale) * f(x[row * features + d]));
        sum = f(sum + f(feature * before.weights[d * classes + k]));
      }
      z[n * classes + k] = sum;
    }
  });
}

function residual(
  { rows, logits: z, residual: r, losses }: Passes,
  data: Rows,
  { classes, smoothing = 0 }: DescentProblem,
): void {
  const share = f(smoothing / classes);
  const kept = f(1 - smoothing);
  const targets = new Float64Array(classes); // of one row
  const exact = smoothing === 0 && !data.targets;
  rows.forEach((row, n) => {
    const weight = data.weights ? data.weights[row] : 1;
    const label = data.labels[row];
    const own = z.subarray(n * classes, (n + 1) * classes);
    targetsOf(data, row, 0, targets);
    const t = Array.from(targets, (one) => f(f(kept * f(one)) + share));
    const max = Math.max(...own);
    const powers = Array.from(own, (zk) => f(Math.exp(f(zk - max))));
    const sum = powers.reduce((a, b) => f(a + b));
    powers.forEach((power, k) => {
      r[n * classes + k] = f(weight * f(f(power / sum) - t[k]));
    });
    const terms = Array.from(own, (zk, k) => f(t[k] * f(max - zk)));
    const mean = exact ? f(max - own[label]) : terms.reduce((a, b) => f(a + b));
    losses[n] = f(weight * f(f(Math.log(sum)) + mean));
  });
}

/** G: each element is one chain of additions, as long as there are rows, which is what `chain` says. */
function gradient({ rows, residual: r, gradient: g }: Passes, data: Rows, { classes }: DescentProblem): void {
  const { x, features, scale } = data;
  rows.forEach((row, n) => {
    for (let d = 0; d <= features; d++) {
      const feature = d < features ? f(f(scale) * f(x[row * features + d])) : 1;
      for (let k = 0; k < classes; k++) {
        g[d * classes + k] = f(g[d * classes + k] + f(feature * r[n * classes + k]));
      }
    }
  });
}

function update({ before, after, gradient: g, step, number }: Passes, problem: DescentProblem): void {
  const { rule, classes } = problem;
  const intercept = before.weights.length - classes;
  const rate = f(step.learningRate);
  const { weights, moments } = after;
  for (let i = 0; i < (problem.intercept ? weights.length : intercept); i++) {
    const penalty = i < intercept ? f(f(step.penalty) * weights[i]) : 0;
    const gi = f(f(f(step.gradientScale) * g[i]) + penalty);
    if (rule.kind === "adam") {
      const [first, second] = moments;
      if (i < intercept) weights[i] = f(weights[i] - f(f(rate * f(rule.weightDecay)) * weights[i]));
      first[i] = f(f(f(rule.beta1) * first[i]) + f(f(1 - rule.beta1) * gi));
      second[i] = f(f(f(rule.beta2) * second[i]) + f(f(1 - rule.beta2) * f(gi * gi)));
      const mean = f(first[i] / f(1 - rule.beta1 ** number));
      const root = f(Math.sqrt(f(second[i] / f(1 - rule.beta2 ** number))));
      weights[i] = f(weights[i] - f(f(rate * mean) / f(root + f(rule.epsilon))));
    } else if (rule.momentum === 0) {
      weights[i] = f(weights[i] - f(rate * gi));
    } else {
      const [velocity] = moments;
      velocity[i] = f(f(f(rule.momentum) * velocity[i]) + gi);
      const ahead = rule.nesterov ? f(gi + f(f(rule.momentum) * velocity[i])) : velocity[i];
      weights[i] = f(weights[i] - f(rate * ahead));
    }
  }
}
