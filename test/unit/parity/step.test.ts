/**
 * Tests parity, which measures the engines: it must be 0 for the reference, below 1 for correct f32, and
 * above 1 at the right stage for every kind of fault that an engine can have.
 */
import { describe, expect, test } from "vitest";
import type { Passes, DescentProblem } from "../../../src/engine/descent.js";
import type { FloatArray, Rows } from "../../../src/core/rows.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { update } from "../../../src/engine/reference/update.js";
import { gamma, parityOf } from "../../../src/parity/step.js";
import { NO_PARITY, STEP_STAGES, type Parity, type Stage, mergeParity } from "../../../src/parity/stages.js";
import { RULES, type Kind, randomRows, randomWeights, runAll, softened } from "../../conformance/problems.js";
import { type Fault, inSingle } from "../../support/single.js";

test("more roundings than a bound has room for have none, and not a negative one", () => {
  expect(gamma(2 ** 23 - 1)).toBeGreaterThan(1e6);
  expect(gamma(2 ** 23)).toBe(Infinity);
  expect(gamma(2 ** 24)).toBe(Infinity);
});

const SHAPE = { count: 50, features: 19, classes: 7 };
const BATCH = 20;
const { features: D, classes: K } = SHAPE;

interface Captured {
  readonly rows: Rows;
  readonly problem: DescentProblem;
  readonly steps: readonly Passes[];
}

async function capture(
  rule = "momentum",
  kind: Kind = "f32",
  size = 0.5,
  smoothing = 0,
  soft = false,
): Promise<Captured> {
  const labelled = randomRows(SHAPE, kind, 3);
  const rows = soft ? softened(labelled, K, 5) : labelled;
  const problem = { classes: K, intercept: true, rule: RULES[rule], batchSize: BATCH, smoothing };
  const { results } = await runAll(referenceEngine(), rows, problem, randomWeights(SHAPE, 4, size));
  return { rows, problem, steps: results.flatMap(({ passes }) => passes ?? []) };
}

function stagesAbove(parity: Parity, limit: number): Stage[] {
  return STEP_STAGES.filter((stage) => !((parity.stages[stage] ?? Number.NaN) <= limit));
}

describe("the parity of the reference", () => {
  test.each(Object.keys(RULES))("with itself is 0 at every stage: %s", async (rule) => {
    const { rows, problem, steps } = await capture(rule);
    expect(steps).toHaveLength(3);
    for (const passes of steps) {
      expect(parityOf(passes, rows, problem)).toEqual({
        rho: 0,
        stages: { logits: 0, residual: 0, loss: 0, gradient: 0, update: 0 },
        steps: 1,
        examples: passes.rows.length,
      });
    }
  });
});

describe("the parity of honest f32", () => {
  test.each(
    Object.keys(RULES).flatMap((rule) => (["f32", "f64", "bytes"] as const).map((kind) => ({ rule, kind }))),
  )("is below 1 at every stage, and not 0: $rule on $kind", async ({ rule, kind }) => {
    const { rows, problem, steps } = await capture(rule, kind);
    for (const reference of steps) {
      const parity = parityOf(inSingle(reference, rows, problem), rows, problem);
      expect(stagesAbove(parity, 1)).toEqual([]);
      expect(stagesAbove(parity, 0)).toEqual(STEP_STAGES);
      expect(parity.rho).toBe(Math.max(...Object.values(parity.stages)));
    }
  });

  test("is below 1 with logits in the thousands", async () => {
    const { rows, problem, steps } = await capture("sgd", "f32", 200);
    expect(Math.max(...steps[0].logits)).toBeGreaterThan(1e3);
    for (const reference of steps) {
      expect(stagesAbove(parityOf(inSingle(reference, rows, problem), rows, problem), 1)).toEqual([]);
    }
  });

  test.each([
    { size: 0.5, smoothing: 0.2, soft: false },
    { size: 0.5, smoothing: 0, soft: true },
    { size: 200, smoothing: 0.2, soft: false },
    { size: 200, smoothing: 0.2, soft: true },
  ])("is below 1 of targets that are not labels: $smoothing, $soft, weights of about $size", async (one) => {
    const { rows, problem, steps } = await capture("sgd", "f32", one.size, one.smoothing, one.soft);
    for (const reference of steps) {
      expect(parityOf(reference, rows, problem).rho).toBe(0);
      const parity = parityOf(inSingle(reference, rows, problem), rows, problem);
      expect(stagesAbove(parity, 1)).toEqual([]);
      expect(stagesAbove(parity, 0)).toEqual(STEP_STAGES);
    }
  });

  test("is below 1 when each stage is merely rounded to f32", async () => {
    // Later stages start from the rounded values, because parity takes every stage from the engine's own
    // inputs.
    const { rows, problem, steps } = await capture();
    const [passes] = steps;
    for (const stage of ["logits", "residual", "losses", "gradient"] as const) {
      const rounded = { ...passes, [stage]: Float32Array.from(passes[stage]) };
      const parity = parityOf(rounded, rows, problem);
      const own = stage === "losses" ? "loss" : stage;
      expect(parity.stages[own]).toBeGreaterThan(0);
      expect(parity.stages[own]).toBeLessThan(1);
    }
  });
});

/** Multiplies one element, by default the largest, so that a fault is not hidden in a small one. */
function scaleLargest(values: FloatArray, factor: number): void {
  let largest = 0;
  values.forEach((value: number, i: number) => {
    if (Math.abs(value) > Math.abs(values[largest])) largest = i;
  });
  values[largest] *= factor;
}

/** Rounds to four digits, slightly finer than the eleven bits of an f16. */
function half(value: number): number {
  return value === 0 ? 0 : Number.parseFloat(value.toPrecision(4));
}

describe("every fault goes past 1 at its own stage, and not at another", () => {
  const faults: readonly {
    fault: string;
    stages: Stage[];
    make: (captured: Captured, reference: Passes) => Fault;
  }[] = [
    {
      fault: "one logit is off by a ten-thousandth",
      stages: ["logits"],
      make: () => ({ logits: ({ logits }) => scaleLargest(logits, 1 + 1e-4) }),
    },
    {
      fault: "a tail tile is missing: the last feature is not multiplied",
      stages: ["logits"],
      make: ({ rows }) => ({
        logits: ({ rows: batch, before, logits }) =>
          batch.forEach((row, n) => {
            for (let k = 0; k < K; k++) {
              logits[n * K + k] -= rows.x[row * D + D - 1] * before.weights[(D - 1) * K + k];
            }
          }),
      }),
    },
    {
      fault: "the intercept is not added",
      stages: ["logits"],
      make: () => ({
        logits: ({ before, logits }) =>
          logits.forEach((_, i) => (logits[i] -= before.weights[D * K + (i % K)])),
      }),
    },
    {
      fault: "logits pass through f16",
      stages: ["logits"],
      make: () => ({ logits: ({ logits }) => logits.forEach((z, i) => (logits[i] = half(z))) }),
    },
    {
      fault: "one residual is off by a ten-thousandth",
      stages: ["residual"],
      make: () => ({ residual: ({ residual }) => scaleLargest(residual, 1 + 1e-4) }),
    },
    {
      fault: "one label is wrong",
      stages: ["residual", "loss"],
      make: ({ rows }, { rows: batch }) => ({
        residual: ({ residual, losses, logits }) => {
          const label = rows.labels[batch[0]];
          const other = (label + 1) % K;
          residual[label] += rows.weights?.[batch[0]] ?? 1;
          residual[other] -= rows.weights?.[batch[0]] ?? 1;
          losses[0] += (rows.weights?.[batch[0]] ?? 1) * (logits[label] - logits[other]);
        },
      }),
    },
    {
      fault: "the last class is missing from the softmax's sum",
      stages: ["residual", "loss"],
      make: ({ rows }, { rows: batch }) => ({
        residual: ({ residual, losses, logits }) =>
          batch.forEach((row, n) => {
            const z = Array.from(logits.subarray(n * K, n * K + K));
            const all = z.reduce((sum, zk) => sum + Math.exp(zk - z[0]), 0);
            const short = all - Math.exp(z[K - 1] - z[0]);
            const weight = rows.weights?.[row] ?? 1;
            z.forEach(
              (zk, k) => (residual[n * K + k] += weight * Math.exp(zk - z[0]) * (1 / short - 1 / all)),
            );
            losses[n] += weight * Math.log(short / all);
          }),
      }),
    },
    {
      fault: "the weights of the rows are ignored",
      stages: ["residual", "loss"],
      make: ({ rows }, { rows: batch }) => ({
        residual: ({ residual, losses }) => {
          batch.forEach((row, n) => {
            const weight = rows.weights?.[row] ?? 1;
            if (weight === 0) return;
            for (let k = 0; k < K; k++) residual[n * K + k] /= weight;
            losses[n] /= weight;
          });
        },
      }),
    },
    {
      fault: "the largest logit is not taken off: an exponential overflows",
      // All later stages have NaN among their inputs, so none of them can be right.
      stages: ["residual", "loss", "gradient", "update"],
      make: () => ({
        residual: ({ residual, losses }) => {
          residual.fill(Number.NaN, 0, K);
          losses[0] = Infinity;
        },
      }),
    },
    {
      fault: "one loss is off by a ten-thousandth",
      stages: ["loss"],
      make: () => ({ residual: ({ losses }) => scaleLargest(losses, 1 + 1e-4) }),
    },
    {
      fault: "one row is dropped from the gradient",
      stages: ["gradient"],
      make: ({ rows }) => ({
        gradient: ({ rows: batch, residual, gradient }) => {
          const last = batch.length - 1;
          for (let i = 0; i < gradient.length; i++) {
            const d = Math.floor(i / K);
            gradient[i] -= (d < D ? rows.x[batch[last] * D + d] : 1) * residual[last * K + (i % K)];
          }
        },
      }),
    },
    {
      fault: "one row is counted twice in the intercept's row alone",
      stages: ["gradient"],
      make: () => ({
        gradient: ({ residual, gradient }) => {
          for (let k = 0; k < K; k++) gradient[D * K + k] += residual[k];
        },
      }),
    },
    {
      fault: "the gradient passes through f16",
      stages: ["gradient"],
      make: () => ({ gradient: ({ gradient }) => gradient.forEach((g, i) => (gradient[i] = half(g))) }),
    },
    {
      fault: "the momentum is stale: a step begins from none",
      stages: ["update"],
      make: ({ problem }) => ({
        update: again(problem, ({ before }) => ({ moments: before.moments.map(zeros) })),
      }),
    },
    {
      fault: "the intercept is penalised",
      stages: ["update"],
      make: () => ({
        update: ({ before, after, step }) => {
          for (let k = 0; k < K; k++) {
            after.weights[D * K + k] -= step.learningRate * step.penalty * before.weights[D * K + k];
          }
        },
      }),
    },
    {
      fault: "the gradient is divided by all rows instead of the batch's",
      stages: ["update"],
      make: ({ problem }) => ({ update: again(problem, () => ({ gradientScale: 1 / SHAPE.count })) }),
    },
    {
      fault: "the penalty is left out",
      stages: ["update"],
      make: ({ problem }) => ({ update: again(problem, () => ({ penalty: 0 })) }),
    },
    {
      fault: "the intercept is not updated",
      stages: ["update"],
      make: () => ({
        update: ({ before, after }) => {
          for (let i = D * K; i < after.weights.length; i++) after.weights[i] = before.weights[i];
        },
      }),
    },
    {
      fault: "the last weight is not updated",
      stages: ["update"],
      make: () => ({
        update: ({ before, after }) => (after.weights[D * K - 1] = before.weights[D * K - 1]),
      }),
    },
  ];

  const zeros = (moment: FloatArray) => new Float64Array(moment.length);

  /** Repeats the update with some of its inputs replaced. */
  function again(
    problem: DescentProblem,
    other: (passes: Passes) => { moments?: FloatArray[]; gradientScale?: number; penalty?: number },
  ) {
    return (passes: Passes) => {
      const { moments, ...step } = other(passes);
      const state = {
        weights: Float64Array.from(passes.before.weights),
        moments: (moments ?? passes.before.moments).map((moment) => Float64Array.from(moment)),
      };
      update(state, passes.gradient, { ...passes.step, ...step }, passes.number, problem);
      passes.after.weights.set(state.weights);
      state.moments.forEach((moment, m) => passes.after.moments[m].set(moment));
    };
  }

  test.each(faults)("$fault", async ({ stages, make }) => {
    const captured = await capture();
    const { rows, problem, steps } = captured;
    const [, second] = steps; // momentum acts from the second step on
    const parity = parityOf(inSingle(second, rows, problem, make(captured, second)), rows, problem);
    expect(stagesAbove(parity, 1)).toEqual(stages);
    expect(parity.rho).toBeGreaterThan(1);
  });

  test.each([
    { fault: "a bias correction of another step", change: { number: 1 }, rule: "adam" },
    { fault: "no decay of the weights", change: {}, rule: "adamw" },
  ])("$fault in $rule", async ({ change, rule }) => {
    const { rows, problem, steps } = await capture(rule);
    const [, second] = steps;
    const wrong = { ...problem, rule: rule === "adamw" ? RULES["adam"] : problem.rule };
    const passes = { ...inSingle({ ...second, ...change }, rows, wrong), number: second.number };
    expect(stagesAbove(parityOf(passes, rows, problem), 1)).toEqual(["update"]);
  });

  test.each([0, 0.2 + 1e-4])("labels smoothed by %s instead of 0.2", async (smoothing) => {
    const { rows, problem, steps } = await capture("sgd", "f32", 0.5, 0.2);
    const [first] = steps;
    const passes = inSingle(first, rows, { ...problem, smoothing });
    expect(stagesAbove(parityOf(passes, rows, problem), 1)).toEqual(["residual", "loss"]);
  });

  test("one soft target is off by a thousandth", async () => {
    const { rows, problem, steps } = await capture("sgd", "f32", 0.5, 0, true);
    const [first] = steps;
    const targets = Float64Array.from(rows.targets ?? []);
    targets[first.rows[0] * K] += 1e-3;
    const passes = inSingle(first, { ...rows, targets }, problem);
    expect(stagesAbove(parityOf(passes, rows, problem), 1)).toEqual(["residual", "loss"]);
  });

  test("what is not a number counts as infinitely wrong, not as right", async () => {
    const { rows, problem, steps } = await capture();
    for (const stage of ["logits", "residual", "gradient"] as const) {
      const values = Float64Array.from(steps[0][stage]).with(3, Number.NaN);
      const parity = parityOf({ ...steps[0], [stage]: values }, rows, problem);
      expect(parity.rho).toBe(Infinity);
      expect(parity.stages[stage]).toBe(Infinity);
    }
  });
});

describe("the worst of several steps", () => {
  const one: Parity = {
    ...NO_PARITY,
    rho: 0.5,
    stages: { logits: 0.5, gradient: 0.3 },
    steps: 1,
    examples: 8,
  };
  const two: Parity = {
    ...NO_PARITY,
    rho: 2,
    stages: { loss: 2, gradient: 0.1 },
    steps: 1,
    examples: 3,
  };

  test("is the largest of each stage, over all the steps and examples", () => {
    expect(mergeParity(one, two)).toEqual({
      rho: 2,
      stages: { logits: 0.5, loss: 2, gradient: 0.3 },
      steps: 2,
      examples: 11,
    });
    expect(mergeParity(two, one)).toEqual(mergeParity(one, two));
    expect(mergeParity(NO_PARITY, one)).toEqual(one);
  });
});
