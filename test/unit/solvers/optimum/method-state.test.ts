/** Each second-order method, put back into a state, takes the same iterations as the method it is from. */
import { describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { FloatArray } from "../../../../src/core/rows.js";
import type { Objective } from "../../../../src/engine/objective.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { wasmEngine } from "../../../support/engines.js";
import { CertifiedLbfgs } from "../../../../src/solvers/optimum/certified-lbfgs.js";
import { ConjugateGradients } from "../../../../src/solvers/optimum/conjugate-gradients.js";
import { DenseEquation } from "../../../../src/solvers/optimum/dense-equation.js";
import { Lbfgs } from "../../../../src/solvers/optimum/lbfgs.js";
import type { Method, MethodContext, MethodState, Point } from "../../../../src/solvers/optimum/method.js";
import { NewtonModel } from "../../../../src/solvers/optimum/newton-model.js";
import { Newton } from "../../../../src/solvers/optimum/newton.js";
import { OrthantNewton } from "../../../../src/solvers/optimum/orthant-newton.js";
import { OwlQn } from "../../../../src/solvers/optimum/owl-qn.js";
import { ProximalNewton } from "../../../../src/solvers/optimum/proximal-newton.js";
import { randomRows } from "../../../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [90, 6, 3];
const rows = randomRows(COUNT, FEATURES, CLASSES, 4);
const l1 = new Float64Array(FEATURES).fill(2 ** -8);
const problem = {
  classes: CLASSES,
  intercept: true,
  scale: 1 / COUNT,
  penalties: new Float64Array(FEATURES).fill(2 ** -10),
  rows: range(COUNT),
};
const net = { classes: CLASSES, l1, l2: problem.penalties };
const scaling = { scale: problem.scale };

/** A symmetric positive definite matrix that is not the identity: (FEATURES + 1, FEATURES + 1). */
const matrix = Float64Array.from({ length: (FEATURES + 1) ** 2 }, (_, i) =>
  i % (FEATURES + 2) === 0 ? 2 : 0.125,
);

type Make = (context: MethodContext) => Method;

/** So high a tolerance that every point has a solution of Newton's equation, and one that no point meets. */
const [ALWAYS, NEVER] = [1e3, 1e-12];

const newtonModel = ({ objective }: MethodContext, tolerance: number) =>
  new NewtonModel(objective, scaling, { tolerance, allowance: 1000 });

const METHODS: Readonly<Record<string, Make>> = {
  "L-BFGS": (context) => new Lbfgs({ ...context, memory: 3 }),
  "L-BFGS with a preconditioner": (context) =>
    new Lbfgs({ ...context, memory: 3, matrix: context.objective.space.matrix(matrix) }),
  "L-BFGS that asks a sample": (context) =>
    new CertifiedLbfgs(new Lbfgs({ ...context, memory: 3 }), {
      objective: context.objective,
      scaling,
      tolerance: 0.2,
      openSample: async () => {
        // So little curvature that the distance seems too large, and it asks again later.
        const flat = { ...problem, scale: problem.scale / 64, rows: range(COUNT / 2) };
        const objective = await (await referenceEngine().place(rows)).objective(flat);
        const preconditioner = { floor: 2 ** -10 };
        return { objective, scale: flat.scale, preconditioner, classes: CLASSES, share: 1 / 2 };
      },
    }),
  "OWL-QN": (context) => new OwlQn({ ...context, memory: 3 }),
  "OWL-QN with a preconditioner": (context) =>
    new OwlQn({ ...context, memory: 3, matrix: context.objective.space.matrix(matrix) }),
  ...Object.fromEntries(
    [ALWAYS, NEVER].flatMap((tolerance): [string, Make][] => [
      [
        `Newton's method by conjugate gradients, tolerance ${tolerance}`,
        (context) =>
          new Newton({
            ...context,
            model: newtonModel(context, tolerance),
            equation: new ConjugateGradients(context.objective, { floor: 2 ** -10 }),
          }),
      ],
      [
        `Newton's method with a dense Hessian, tolerance ${tolerance}`,
        (context) =>
          new Newton({
            ...context,
            model: newtonModel(context, tolerance),
            equation: new DenseEquation(context.objective, rows, problem),
          }),
      ],
      [
        `Newton's method on free weights, tolerance ${tolerance}`,
        (context) =>
          new OrthantNewton({
            ...context,
            model: newtonModel(context, tolerance),
            equation: new ConjugateGradients(context.objective, { floor: 2 ** -10 }),
            penalties: net,
          }),
      ],
    ]),
  ),
  "proximal Newton": (context) =>
    new ProximalNewton({ ...context, model: newtonModel(context, ALWAYS), rows, problem, net }),
};

/** Iterations, each followed by a state. */
const ITERATIONS = 4;

describe.each([
  { name: "the reference engine", open: () => Promise.resolve(referenceEngine()) },
  { name: "the wasm engine", open: () => wasmEngine({ threads: 1 }) },
])("on $name", ({ open }) => {
  test.each(Object.entries(METHODS))("%s", async (_, make) => {
    const engine = await open();
    const placement = await engine.place(rows);
    const objectives: Objective[] = [];
    const begin = async (weights: FloatArray) => {
      const objective = await placement.objective({ ...problem, l1 });
      objectives.push(objective);
      return make({ objective, scaling, start: objective.space.vector(weights) });
    };
    const start = Float64Array.from({ length: (FEATURES + 1) * CLASSES }, (__, i) => Math.sin(i) / 4);
    const straight = await begin(start);
    const points = [await straight.evaluate()];
    const states: MethodState[] = [];
    for (let n = 0; n < ITERATIONS; n++) {
      const next = await straight.iterate(points[n], true);
      if (!next) break;
      points.push(next);
      states.push(structuredClone(await straight.state()));
    }
    expect(states.length).toBeGreaterThan(1);
    for (const [n, state] of states.entries()) {
      const resumed = await begin(state.weights);
      await resumed.restore(state);
      expect(await resumed.state()).toEqual(state);
      const found = await pointsAfter(resumed, points[n + 1], ITERATIONS - n - 1);
      expect(found).toEqual(points.slice(n + 2));
      expect(await resumed.state()).toEqual(states[states.length - 1]);
    }
    for (const one of objectives) one.release();
    placement.release();
    engine.close();
  });
});

async function pointsAfter(method: Method, from: Point, iterations: number): Promise<Point[]> {
  const points: Point[] = [];
  for (let n = 0; n < iterations; n++) {
    const next = await method.iterate(points[n - 1] ?? from, true);
    if (!next) break;
    points.push(next);
  }
  return points;
}

test("a state of another kind of method is refused", async () => {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const context = { objective, scaling, start: objective.space.vector() };
  const lbfgs = METHODS["L-BFGS"](context);
  await lbfgs.evaluate();
  const newton = METHODS["proximal Newton"](context);
  await expect(newton.restore(await lbfgs.state())).rejects.toThrow(/proximal.*quasi-newton/);
});

test("F of OWL-QN is that of L-BFGS and the l1 penalty", async () => {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective({ ...problem, l1 });
  const weights = Float64Array.from({ length: (FEATURES + 1) * CLASSES }, (_, i) => Math.sin(i) / 4);
  const context = { objective, scaling, start: objective.space.vector(weights) };
  const smooth = await METHODS["L-BFGS"](context).evaluate();
  const whole = await METHODS["OWL-QN"](context).evaluate();
  const size = weights.subarray(0, FEATURES * CLASSES).reduce((sum, w) => sum + Math.abs(w), 0);
  expect(whole.value - smooth.value).toBeCloseTo(l1[0] * size, 12);
});
