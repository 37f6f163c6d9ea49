/** Tests predictions and scores on WebGPU against those of f64. */
import { afterAll, expect, test } from "vitest";
import { createRuntime } from "../../../src/index.js";
import { modelOf } from "../../support/models.js";

const [ROWS, FEATURES, CLASSES] = [3000, 37, 23];
const names = Array.from({ length: CLASSES }, (_, k) => `c${k}`);
const weights = Array.from({ length: FEATURES }, (_, d) => names.map((_, k) => Math.sin(1 + 7 * d + 3 * k)));
const model = modelOf(names, weights);
const x = Float32Array.from({ length: ROWS * FEATURES }, (_, i) => Math.sin(i * i));
const runtime = createRuntime();

afterAll(() => runtime.close());

test("a predictor on WebGPU agrees with the model to 1e-5", async () => {
  const predictor = await model.predictor({ engine: "webgpu", runtime });
  const exact = model.logits(x);
  const logits = await predictor.predict(x, { output: "logits" });
  expect(logits).toHaveLength(exact.length);
  expect(logits.reduce((most, z, i) => Math.max(most, Math.abs(z - exact[i])), 0)).toBeLessThan(1e-5);
  expect(predictor.engine?.name).toBe("webgpu");
});

test("scores on WebGPU are those of f64", async () => {
  const y = model.predict(x).map((label, row) => (row % 3 === 0 ? "c7" : label));
  const found = await model.evaluate({ x, y }, { engine: "webgpu", runtime });
  const exact = await model.evaluate({ x, y }, { engine: "reference" });
  for (const score of ["loss", "accuracy", "brier"] as const)
    expect(found[score]).toBeCloseTo(exact[score], 4);
});
