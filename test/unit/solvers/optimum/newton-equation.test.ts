/**
 * Checks solutions of Newton's equation by conjugate gradients and by a dense Hessian against Gaussian
 * elimination.
 */
import { describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { ObjectiveProblem } from "../../../../src/engine/objective.js";
import type { FloatArray, Rows } from "../../../../src/core/rows.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";
import { ConjugateGradients } from "../../../../src/solvers/optimum/conjugate-gradients.js";
import { DenseEquation } from "../../../../src/solvers/optimum/dense-equation.js";
import type { Wanted } from "../../../../src/solvers/optimum/newton-equation.js";
import {
  featureMoments,
  preconditioner,
  smallestEigenvalue,
} from "../../../../src/solvers/optimum/preconditioner.js";
import { distance, norm } from "../../../support/arrays.js";
import { randomRows } from "../../../support/examples.js";
import { hessianAt, partOf } from "../../../support/softmax-hessian.js";
import { dot, solved } from "../../../support/symmetric.js";

const [COUNT, FEATURES, CLASSES] = [60, 4, 3];
const SIZE = (FEATURES + 1) * CLASSES;
const METHODS = ["dense", "conjugate gradients", "preconditioned"] as const;
const forever: Wanted = { forcing: 0, more: () => true };

interface Case {
  readonly seed: number;
  readonly intercept: boolean;
  readonly l2: number;
  /** Whether one class of every feature is held at 0, as by l1. */
  readonly held: boolean;
}

/** A point of a random problem, and the solution of its equation. */
async function pointOf({ seed, intercept, l2, held }: Case) {
  const rows: Rows = {
    ...randomRows(COUNT, FEATURES, CLASSES, seed),
    weights: Float64Array.from({ length: COUNT }, (_, row) => 0.5 + (row % 3)),
  };
  const problem: ObjectiveProblem = {
    classes: CLASSES,
    intercept,
    scale: 1 / COUNT,
    penalties: Float64Array.from({ length: FEATURES }, (_, d) => l2 * (1 + d)),
    rows: range(COUNT),
    ...(held && { l1: new Float64Array(FEATURES).fill(0.1) }),
  };
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective(problem);
  const { space } = objective;
  const isIntercept = (i: number) => i >= SIZE - CLASSES;
  // Of a feature's three classes, one weight is not 0, one is 0 but drawn away from it, and one is held at 0.
  const drawn = (i: number) => held && !isIntercept(i) && (i + Math.floor(i / CLASSES)) % 3 === 1;
  const isHeld = (i: number) => held && !isIntercept(i) && (i + Math.floor(i / CLASSES)) % 3 === 2;
  const weights = Float64Array.from({ length: SIZE }, (_, i) =>
    drawn(i) || isHeld(i) || (isIntercept(i) && !intercept) ? 0 : Math.sin(seed + i) / 2,
  );
  const w = space.vector(weights);
  if (!held) space.centre(w);
  const gradient = space.vector();
  await objective.linearize(w, gradient);
  const slope = Float64Array.from(await space.read(gradient), (one, i) => (isHeld(i) ? 0 : one));
  const g = space.vector(slope);
  const d = space.vector(slope.map((one, i) => (drawn(i) ? one : 0)));

  const free = Array.from(range(SIZE)).filter((i) => (isIntercept(i) ? intercept : !isHeld(i)));
  const hessian = hessianAt(rows, problem, await space.read(w));
  // Along the mean over the classes only a penalty has curvature, so any curvature there gives the same
  // centred solution.
  for (const i of free) {
    for (const j of free) {
      const same = Math.floor(i / CLASSES) === Math.floor(j / CLASSES);
      if (same && (!held || isIntercept(i))) hessian[i * SIZE + j] += 1;
    }
  }
  const step = solved(
    partOf(hessian, SIZE, free),
    free.map((i) => -slope[i]),
  );
  const exact = new Float64Array(SIZE);
  free.forEach((i, n) => (exact[i] = step[n]));
  const made = await preconditioner(await featureMoments(rows, range(COUNT), intercept), problem.penalties);
  const equations = {
    dense: new DenseEquation(objective, rows, problem),
    "conjugate gradients": new ConjugateGradients(objective, { floor: 0 }),
    preconditioned: new ConjugateGradients(objective, {
      matrix: space.matrix(made.values),
      floor: smallestEigenvalue(made, problem.penalties),
    }),
  };
  return {
    objective,
    g,
    equations,
    exact,
    /** ½·g·H⁻¹·g */
    decrement: -dot(slope, exact) / 2,
    free: held ? { w, d } : undefined,
  };
}

const CASES: Case[] = [1, 2, 3].flatMap((seed) =>
  [false, true].flatMap((held) => [
    { seed, intercept: true, l2: 0.01, held },
    { seed, intercept: true, l2: 0, held },
    { seed, intercept: false, l2: 0.01, held },
  ]),
);

/** Subtracts the intercepts' mean over the classes, which no row sees. */
function centred(p: FloatArray): number[] {
  const intercept = Array.from(p).slice(SIZE - CLASSES);
  const mean = intercept.reduce((a, b) => a + b, 0) / CLASSES;
  return Array.from(p, (one, i) => (i < SIZE - CLASSES ? one : one - mean));
}

describe.each(METHODS)("by %s", (method) => {
  // The dense equation covers all weights; with l1, small problems use the proximal method.
  const cases = CASES.filter(({ held }) => method !== "dense" || !held);

  test.each(cases)("it has the solution: %o", async (one) => {
    const { objective, g, equations, exact, decrement, free } = await pointOf(one);
    const equation = equations[method];
    const { slope, lower, upper } = await equation.solve(g, forever, free);
    const p = await objective.space.read(equation.p);
    expect(distance(centred(p), centred(exact))).toBeLessThan(1e-6 * norm(exact));
    expect(slope / (-2 * decrement)).toBeCloseTo(1, 8);
    expect(lower / decrement).toBeCloseTo(1, 8);
    expect(upper / decrement).toBeCloseTo(1, 8);
  });

  test.each(cases)("the bounds hold wherever it ends: %o", async (one) => {
    const { g, equations, decrement, free } = await pointOf(one);
    const equation = equations[method];
    for (let most = 0; most < 12; most++) {
      for (const far of [undefined, 0.5, 1.01, 2, 1e3]) {
        let left = most;
        const wanted = { forcing: 1e-12, more: () => left-- > 0, ...(far && { distance: far * decrement }) };
        const { lower, upper } = await equation.solve(g, wanted, free);
        expect(lower).toBeLessThanOrEqual(decrement * (1 + 1e-9));
        // An estimate, unlike a bound, may be a little too small, which the distance makes up for; and by
        // more where far less is known to be left than was requested.
        expect(upper * (far === 1e3 ? 2 : 1.2)).toBeGreaterThanOrEqual(decrement);
      }
    }
  });
});

describe("conjugate gradients end", () => {
  const products = async (wanted: Omit<Wanted, "more">, l2 = 0.01) => {
    const { g, equations } = await pointOf({ seed: 1, intercept: true, l2, held: false });
    let count = 0;
    const more = () => Boolean(++count);
    const solution = await equations.preconditioned.solve(g, { ...wanted, more });
    return { ...solution, count };
  };

  test("at the forcing term where no distance is asked for", async () => {
    const [loose, strict] = [await products({ forcing: 0.1 }), await products({ forcing: 1e-10 })];
    expect(loose.count).toBeLessThan(strict.count);
  });

  test("as soon as the distance is known to be small enough, or too large", async () => {
    const { lower: decrement, count } = await products({ forcing: 0 });
    const far = await products({ forcing: 0.5, distance: decrement / 100 });
    expect(far.lower).toBeGreaterThan(decrement / 100);
    expect(far.count).toBeLessThan(count);
    const near = await products({ forcing: 0, distance: 50 * decrement });
    expect(near.upper).toBeLessThanOrEqual(50 * decrement);
    expect(near.count).toBeLessThan(count);
    const close = await products({ forcing: 0, distance: 1.02 * decrement });
    expect(close.upper).toBeLessThanOrEqual(1.02 * decrement);
  });
});

test("v·M·v is that of the preconditioner", async () => {
  const { objective, g, equations } = await pointOf({ seed: 2, intercept: true, l2: 0.01, held: false });
  const v = await objective.space.read(g);
  expect(await equations["conjugate gradients"].squaredLength(g)).toBeCloseTo(dot(v, v), 12);
});
