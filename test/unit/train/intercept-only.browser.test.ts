/**
 * Tests rows without features on a GPU: tiles and bindings are empty, and there is still an intercept to
 * train.
 */
import { expect, test } from "vitest";
import { train } from "../../../src/index.js";

test.each(["lbfgs", "newton", "gd"] as const)(
  "rows without features train the intercept: %s",
  async (solver) => {
    const data = { x: [[], [], [], []], y: ["a", "b", "b", "b"] };
    const model = await train(data, { engine: "webgpu", solver, parity: true });
    expect(model.weights).toHaveLength(0);
    expect(model.bias[1] - model.bias[0]).toBeCloseTo(Math.log(3), 4);
    expect(model.predict([[]])).toEqual(["b"]);
    expect(model.parity?.rho).toBeLessThan(1);
  },
);
