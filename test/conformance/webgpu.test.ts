/** Runs the conformance tests on the webgpu engine in Node. */
import { expect, test } from "vitest";
import { openGpu, webgpuEngine } from "../support/engines.js";
import type { Engine } from "../../src/engine/engine.js";
import { LONG } from "../support/long.js";
import { conformance } from "./conformance.js";

/** Features of a shape of each kind of kernels. The browser's tests try all shapes and types. */
const SOME = [16, 17, 33];

test("Dawn has an adapter: SwiftShader, or where there is none beside Chrome that of the machine", async () => {
  const { adapter } = await webgpuEngine();
  console.log(`WebGPU adapter in Node: ${adapter}`);
  expect(adapter).toMatch(process.env["VK_ICD_FILENAMES"] ? /swiftshader/i : /./);
});

conformance("the WebGPU engine in Node", () => webgpuEngine(), ...(LONG ? [] : ([[], SOME] as const)));

/** Opens the engine with the kernels of a GPU whose products ask for subgroups of the least size. */
async function openNarrow(): Promise<Engine> {
  const { features, adapterInfo } = (await openGpu()).device;
  const { subgroupMinSize = 0 } = features.has("subgroup-size-control") ? adapterInfo : {};
  return webgpuEngine({ capacity: { slow: false, registers: 128, subgroupSize: subgroupMinSize } });
}

conformance("The WebGPU engine in Node, with subgroups of the least size", openNarrow, [], [17, 33]);
