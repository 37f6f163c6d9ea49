/**
 * Tests the phases of a second-order training: which method takes over, at what cost, and which distance is
 * reported.
 */
import { describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { parseOptions } from "../../../../src/train/options.js";
import type { ElasticNet } from "../../../../src/solvers/optimum/class-shift.js";
import { ConjugateGradients } from "../../../../src/solvers/optimum/conjugate-gradients.js";
import { Lbfgs } from "../../../../src/solvers/optimum/lbfgs.js";
import { NewtonModel } from "../../../../src/solvers/optimum/newton-model.js";
import { readWeights } from "../../../../src/solvers/optimum/method.js";
import { Newton } from "../../../../src/solvers/optimum/newton.js";
import { SecondOrder } from "../../../../src/solvers/optimum/minimise.js";
import {
  type Size,
  exactness,
  historyLength,
  phasesOf,
  sampleSize,
} from "../../../../src/solvers/optimum/phases.js";
import { Stopwatch } from "../../../../src/core/stopwatch.js";
import { clouds } from "../../../support/examples.js";

const { x, y, features } = clouds(200, 30, 3, 0.8);
const rows = { count: 200, features, x, scale: 1, labels: Uint32Array.from(y) };
const problem = {
  classes: 3,
  intercept: true,
  scale: 1 / 200,
  penalties: new Float64Array(features),
  rows: range(200),
};
const scaling = { scale: problem.scale };
const KNOWN = /^the largest gradient is [^,]*, and F within about \S+ of its minimum: within tolerance /;

async function begin() {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  return { objective, start: objective.space.vector() };
}

async function run(fit: SecondOrder) {
  const steps = fit.steps();
  let examples = 0;
  let step = await steps.next();
  for (; !step.done; step = await steps.next()) ({ examples } = step.value);
  return { ...step.value, passes: examples / 200 };
}

function fitOf(stages: ConstructorParameters<typeof SecondOrder>[0], tolerance: number, more = {}) {
  const chosen = parseOptions({ solver: "lbfgs", l2: 0, tolerance, ...more });
  const examples = { train: range(200), meanWeight: 1, weightScale: 1 };
  const roundingLoss = async () => 0;
  return new SecondOrder(stages, {
    kernels: "table",
    clock: new Stopwatch(),
    examples,
    settings: chosen,
    roundingLoss,
  });
}

/**
 * L-BFGS, and then Newton's method with `allowance` passes and no preconditioner, which needs about 30 passes
 * for one equation.
 */
async function lbfgsThenNewton(tolerance: number, allowance: number) {
  const { objective, start } = await begin();
  const model = new NewtonModel(objective, scaling, { tolerance, allowance });
  const equation = new ConjugateGradients(objective, { floor: 0 });
  let passesBefore = 0;
  const found = await run(
    fitOf(
      [
        { certifies: false, begin: async () => new Lbfgs({ objective, scaling, start, memory: 10 }) },
        {
          certifies: true,
          begin: async (before) => {
            passesBefore = before?.passes ?? 0;
            return new Newton({ objective, scaling, start, model, equation });
          },
        },
      ],
      tolerance,
    ),
  );
  return { ...found, passesBefore, newtonPasses: model.passes };
}

describe("Newton's method after L-BFGS", () => {
  test("with passes enough says how near F is to its minimum", async () => {
    const { converged, reason, passesBefore, newtonPasses, passes } = await lbfgsThenNewton(1e-3, Infinity);
    expect(converged).toBe(true);
    expect(reason).toMatch(KNOWN);
    expect(newtonPasses).toBeGreaterThan(3);
    expect(passes).toBe(passesBefore + newtonPasses);
  });

  test("without takes no more than it may, says what is not known, and promises nothing", async () => {
    const { converged, reason, newtonPasses, history } = await lbfgsThenNewton(1e-3, 3);
    expect(converged).toBe(false);
    expect(newtonPasses).toBe(3);
    expect(history.at(-1)?.gradientMax).toBeLessThan(1e-3);
    expect(reason).toMatch(
      /^how near F is to its minimum took more passes to find out than the training: the largest gradient is [^,]*$/,
    );
  });

  test("that stalled, takes no more passes than it may", async () => {
    const { converged, reason, newtonPasses } = await lbfgsThenNewton(1e-300, 3);
    expect(converged).toBe(false);
    expect(newtonPasses).toBe(3);
    expect(reason).toMatch(/: the largest gradient is \S+$/);
  });

  test("takes over at once where L-BFGS is near enough from the start, and goes on until that is known", async () => {
    const { converged, reason } = await lbfgsThenNewton(1, Infinity);
    expect(converged).toBe(true);
    expect(reason).toMatch(KNOWN);
  });
});

test("a method that cannot know its distance never ends a training as converged", async () => {
  const { objective, start } = await begin();
  const only = { certifies: false, begin: async () => new Lbfgs({ objective, scaling, start, memory: 10 }) };
  const { converged, reason, history } = await run(fitOf([only], 1e-3));
  expect(history.at(-1)?.gradientMax).toBeLessThan(1e-3);
  expect(converged).toBe(false);
  expect(reason).not.toMatch(/of its minimum:/);
});

describe("the stages of a training", () => {
  interface Kind {
    readonly guessed?: boolean;
    readonly partlyFree?: boolean;
    readonly l1?: ElasticNet;
  }
  async function stages(size: Size, solver: "lbfgs" | "newton", kind: Kind = {}) {
    const { guessed = false, partlyFree = false, l1 } = kind;
    const { objective, start } = await begin();
    let exact = 0;
    const found = phasesOf({
      objective,
      scaling,
      start,
      preconditioner: { floor: 0, partlyFree },
      settings: parseOptions({ solver, l2: 0 }),
      size,
      guessed,
      ...(l1 && { l1 }),
      sample: () => Promise.reject(new Error("No method has taken a step.")),
      exact: async () => {
        exact++;
        return { objective, rows, problem };
      },
    });
    const methods = [];
    for (const stage of found) {
      const before = exact;
      const last = methods.at(-1)?.method;
      const method = await stage.begin(last && { passes: 7, weights: () => readWeights(last) });
      methods.push({ method, certifies: stage.certifies, inF64: exact > before });
    }
    return methods.map(({ method, ...rest }) => ({ name: method?.constructor.name, ...rest }));
  }
  const lbfgs = { name: "Lbfgs", certifies: false, inF64: false };
  const onEngine = { name: "Newton", certifies: true, inF64: false };
  const exactly = { name: "Newton", certifies: true, inF64: true };
  const small = { rows: 150, weights: 15, classes: 3 };
  const medium = { rows: 1500, weights: 650, classes: 10 };
  const large = { rows: 60000, weights: 7850, classes: 10 };
  const long = { rows: 6000, weights: 650, classes: 10 };
  const certified = { name: "CertifiedLbfgs", certifies: true, inF64: false };

  test.each([
    { size: small, solver: "lbfgs", guessed: false, wanted: [lbfgs, exactly] },
    { size: small, solver: "newton", guessed: false, wanted: [{ ...onEngine, certifies: false }, exactly] },
    { size: medium, solver: "lbfgs", guessed: false, wanted: [lbfgs, onEngine, exactly] },
    { size: medium, solver: "newton", guessed: false, wanted: [onEngine, exactly] },
    { size: large, solver: "lbfgs", guessed: false, wanted: [certified, onEngine] },
    { size: long, solver: "lbfgs", guessed: false, wanted: [certified, onEngine] },
    { size: large, solver: "lbfgs", guessed: true, wanted: [lbfgs, onEngine] },
    { size: large, solver: "newton", guessed: false, wanted: [onEngine] },
    { size: small, solver: "lbfgs", guessed: true, wanted: [lbfgs, onEngine] },
  ] as const)(
    "$solver, $size.rows rows, $size.weights weights",
    async ({ size, solver, guessed, wanted }) => {
      expect(await stages(size, solver, { guessed })).toEqual(wanted);
    },
  );

  test("ask no sample where some features are free, which it may miss", async () => {
    expect(await stages(large, "lbfgs", { partlyFree: true })).toEqual([lbfgs, onEngine]);
  });

  test("with l1 are those for weights that are exactly 0", async () => {
    const l1 = { classes: 3, l1: new Float64Array(features).fill(0.1), l2: problem.penalties };
    const named = async (size: typeof small) => (await stages(size, "lbfgs", { l1 })).map(({ name }) => name);
    expect(await named(small)).toEqual(["OwlQn", "ProximalNewton"]);
    expect(await named(large)).toEqual(["OwlQn", "OrthantNewton"]);
  });

  test("have a sample where it is a small part of the rows, and enough for the columns", () => {
    expect([small, medium, { ...large, rows: 4095 }].map(sampleSize)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(sampleSize({ rows: 4096, weights: 30, classes: 3 })).toBe(1024);
    expect(sampleSize(large)).toBe(3750);
    expect(sampleSize({ ...large, rows: 13_000 })).toBe(4 * 785);
    expect(sampleSize({ rows: 1e6, weights: 1e8, classes: 1e5 })).toBeUndefined();
  });

  test("have a history as long as its pairs are cheap", () => {
    expect(
      [small, medium, { ...large, rows: 20_000 }, large, { ...large, rows: 1e7 }].map(historyLength),
    ).toEqual([10, 10, 50, 150, 150]);
    expect(historyLength({ rows: 1e6, weights: 2 ** 18, classes: 100 })).toBe(21);
    expect(historyLength({ rows: 1e6, weights: 1e6, classes: 1000 })).toBe(10);
  });

  test("in f64 are for problems whose Hessian is cheap", () => {
    expect([small, medium, large].map(exactness)).toEqual(["always", "at last", "never"]);
  });
});
