/** Runs the conformance tests on the webgpu engine in Node. */
import { describe, expect, test } from "vitest";
import { openGpu, webgpuEngine } from "../support/engines.js";
import { LONG } from "../support/long.js";
import { conformance } from "./conformance.js";
import { RULES, parityOfAll, randomRows, randomWeights, runAll } from "./problems.js";

/** Features of a shape of each kind of kernels. The browser's tests try all shapes and types. */
const SOME = [16, 17, 33];

test("Dawn has an adapter: SwiftShader, or where there is none beside Chrome that of the machine", async () => {
  const { adapter } = await webgpuEngine();
  console.log(`WebGPU adapter in Node: ${adapter}`);
  expect(adapter).toMatch(process.env["VK_ICD_FILENAMES"] ? /swiftshader/i : /./);
});

conformance("the WebGPU engine in Node", () => webgpuEngine(), ...(LONG ? [] : ([[], SOME] as const)));

describe("products that ask for subgroups of the least size", async () => {
  const { features, adapterInfo } = (await openGpu()).device;
  const { subgroupMinSize = 0 } = features.has("subgroup-size-control") ? adapterInfo : {};
  const capacity = { slow: false, registers: 128, subgroupSize: subgroupMinSize };

  test.each([
    { kernels: "steps 1x1/8", count: 65, features: 17, classes: 10 },
    { kernels: "fused 1x1/16", count: 131, features: 31, classes: 10 },
    { kernels: "split 4x1/16", count: 90, features: 130, classes: 3 },
    { kernels: "tiled 4x1/64 subgroups", count: 90, features: 33, classes: 37 },
    { kernels: "tiled 4x1/64 shared", count: 170, features: 129, classes: 137 },
  ])("are within their error bounds: $kernels", async ({ kernels, ...shape }) => {
    const engine = await webgpuEngine({ capacity });
    const rows = randomRows(shape, "f32", 21);
    const { classes, count } = shape;
    const problem = { classes, intercept: true, rule: RULES["adam"], batchSize: count, kernels };
    const { results } = await runAll(engine, rows, problem, randomWeights(shape, 22));
    expect(parityOfAll(results, rows, problem).rho).toBeLessThan(1);
    engine.close();
  });
});
