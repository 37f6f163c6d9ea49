/** Runs the conformance tests on the webgpu engine in Node. */
import { expect, test } from "vitest";
import { webgpuEngine } from "../support/engines.js";
import { conformance } from "./conformance.js";

/** Features of the shapes with all types: one of each kind of kernels, as in the browser. */
const TYPED = [31, 785, 6, 16];

test("Dawn has an adapter: SwiftShader, or where there is none beside Chrome that of the machine", async () => {
  const { adapter } = await webgpuEngine();
  console.log(`WebGPU adapter in Node: ${adapter}`);
  expect(adapter).toMatch(process.env["VK_ICD_FILENAMES"] ? /swiftshader/i : /./);
});

conformance("the WebGPU engine in Node", () => webgpuEngine(), TYPED);
