/** Every way to cut a problem is within the bound: whatever the adapter, the features and the kernels. */
import { describe, expect, test } from "vitest";
import { webgpuEngine } from "../../../src/engine/webgpu/engine.js";
import { type Kind, RULES, parityOfAll, randomRows, randomWeights, runAll } from "../problems.js";

const SHAPES = [
  { count: 131, features: 31, classes: 13, batchSize: 77 },
  { count: 90, features: 130, classes: 3, batchSize: 89 },
] as const;
const KINDS: readonly Kind[] = ["f32", "bytes"];

describe.each([
  { kind: "fused", slow: true, subgroups: false },
  { kind: "fused", slow: false, subgroups: false },
  { kind: "fused", slow: false, subgroups: true },
  { kind: "tiled", slow: true, subgroups: false },
  { kind: "tiled", slow: true, subgroups: true },
  { kind: "tiled", slow: false, subgroups: false },
  { kind: "tiled", slow: false, subgroups: true },
] as const)("$kind kernels, slow: $slow, subgroups: $subgroups", (capacity) => {
  test.each(KINDS)("on %s", async (kind) => {
    const engine = await webgpuEngine({ capacity: { ...capacity, blockRows: 64 } });
    for (const shape of SHAPES) {
      const rows = { ...randomRows(shape, kind, 111), ...(kind === "bytes" && { scale: 0.02 }) };
      const { classes, batchSize } = shape;
      const problem = { classes, batchSize, intercept: true, rule: RULES["momentum"] };
      const { results } = await runAll(engine, rows, problem, randomWeights(shape, 112));
      const parity = parityOfAll(results, rows, problem);
      expect(parity.steps).toBe(2);
      expect(parity.rho).toBeLessThan(1);
    }
    engine.close();
  });
});

test("many classes in tiles that take several dispatches are one pass", async () => {
  const shape = { count: 40, features: 20, classes: 5000 };
  const rows = randomRows(shape, "f32", 121);
  const problem = { classes: 5000, batchSize: 40, intercept: true, rule: RULES["sgd"] };
  const start = randomWeights(shape, 122);
  const run = async (dispatchMacs?: number) => {
    const engine = await webgpuEngine({ capacity: { ...(dispatchMacs && { dispatchMacs }) } });
    const { results, weights } = await runAll(engine, rows, problem, start);
    engine.close();
    return { weights, parity: parityOfAll(results, rows, problem) };
  };
  const [whole, cut] = [await run(), await run(1e6)];
  expect(cut.weights).toEqual(whole.weights);
  expect(cut.parity.rho).toBeLessThan(1);
});
