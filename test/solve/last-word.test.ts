/** Newton's method has the last word on what L-BFGS found, but not at any price. */
import { expect, test } from "vitest";
import { range } from "../../src/data/random.js";
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { settings } from "../../src/options.js";
import { Lbfgs } from "../../src/solve/lbfgs.js";
import { Newton } from "../../src/solve/newton.js";
import { secondOrder } from "../../src/solve/second-order.js";
import { clouds } from "../support/examples.js";

const { x, y, features } = clouds(200, 30, 3, 0.8);
const rows = { count: 200, features, x, scale: 1, labels: Uint32Array.from(y) };
const scaling = { scale: 1 / 200 };

/** L-BFGS, and then Newton's method with so many passes. Without a preconditioner, for which the equation takes about 30. */
async function end(tolerance: number, allowance: number) {
  const placement = await referenceEngine().place(rows);
  const objective = await placement.objective({
    classes: 3,
    intercept: true,
    scale: scaling.scale,
    penalties: new Float64Array(features),
    rows: range(200),
  });
  const start = objective.vector();
  const newtons: Newton[] = [];
  let told = 0;
  const steps = secondOrder(
    () => new Lbfgs(objective, scaling, 10, start),
    (passes) => {
      told = passes;
      newtons.push(new Newton(objective, scaling, tolerance, start, undefined, allowance));
      return newtons[0];
    },
    objective,
    { train: range(200), meanWeight: 1 },
    settings({ solver: "lbfgs", tolerance }),
  );
  let step = await steps.next();
  let examples = 0;
  for (; !step.done; step = await steps.next()) ({ examples } = step.value);
  return { ...step.value, told, passes: newtons[0]?.passes ?? 0, examples };
}

test("with passes enough it says how near F is to its minimum", async () => {
  const { converged, reason, told, passes, examples } = await end(1e-3, Infinity);
  expect(converged).toBe(true);
  expect(reason).toMatch(
    /^the largest gradient is .*, and F within about .* of its minimum: within tolerance 0.001$/,
  );
  expect(examples).toBe(200 * (told + passes));
});

test("without, what L-BFGS found is within the tolerance all the same, and it says what is not known", async () => {
  const { converged, reason, passes } = await end(1e-3, 3);
  expect(converged).toBe(true);
  expect(passes).toBe(3);
  expect(reason).toMatch(
    /^the largest gradient is [^,]*: within tolerance 0.001; how near F is to its minimum as many passes again have not told$/,
  );
});

test("where L-BFGS went no further, no more passes are taken than are allowed", async () => {
  const { converged, reason, passes } = await end(1e-300, 3);
  expect(converged).toBe(false);
  expect(passes).toBe(3);
  expect(reason).toMatch(
    /^L-BFGS goes no further, nor do as many passes of Newton's method: the largest gradient/,
  );
});

test("where L-BFGS has seen nothing yet, and Newton's method could not tell, it goes on its way first", async () => {
  const { converged, iterations, history } = await end(10, 1); // near enough from the start, as far as it can tell
  expect(converged).toBe(true);
  expect(iterations).toBeGreaterThanOrEqual(10);
  expect(history.at(-1)?.loss).toBeLessThan(0.9 * Math.log(3));
});
