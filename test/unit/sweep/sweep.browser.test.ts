/** Tests concurrent fits of a sweep, on WebGPU and on a page's wasm. */
import { expect, test } from "vitest";
import { sweep } from "../../../src/index.js";
import { clouds } from "../../support/examples.js";

test.each(["webgpu", "wasm"] as const)("on %s it finds what it finds in f64", async (engine) => {
  const { x, y, features } = clouds(120, 5, 3, 0.8);
  const data = { x: Float32Array.from(x), y, features };
  const options = { C: [0.1, 10], folds: 3, tolerance: 1e-6 } as const;
  const found = await sweep(data, { ...options, engine });
  const right = await sweep(data, { ...options, engine: "reference" });
  expect(found.model.engine.name).toBe(engine);
  expect(found.best.C).toBe(right.best.C);
  const losses = ({ table }: typeof found) => table.flatMap(({ folds }) => folds.map(({ loss }) => loss));
  losses(found).forEach((loss, n) => expect(loss / losses(right)[n]).toBeCloseTo(1, 3));
});
