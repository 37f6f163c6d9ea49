/** Tests importance sampling on the webgpu engine. */
import { expect, test } from "vitest";
import { train } from "../../../../src/index.js";
import { clouds } from "../../../support/examples.js";

test("on webgpu steps are taken by the weights that importance sampling gives", async () => {
  const { x, y, features } = clouds(150, 4, 3, 0.8);
  const weights = Float32Array.from({ length: 150 }, (_, row) => [1, 0, 2, 0.5][row % 4]);
  const options = { solver: "sgd", sampling: "importance", batchSize: 10, epochs: 5 } as const;
  const [model, again] = [0, 1].map(() =>
    train({ x, y, features, weights }, { engine: "webgpu", kernels: "table", parity: true, ...options }),
  );
  const { parity, weights: found } = await model;
  expect(parity?.steps).toBe(4);
  expect(parity?.rho).toBeLessThan(1);
  expect((await again).weights).toEqual(found);
});
