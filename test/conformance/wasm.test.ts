/** Runs the conformance tests on the wasm engine in Node. */
import { expect, test } from "vitest";
import { compileKernels } from "../../src/engine/wasm/module.js";
import { conformance } from "./conformance.js";
import { KERNELS, pinnedEngine } from "../unit/engine/wasm/pinned.js";
import { wasmEngine } from "../support/engines.js";
import { LONG } from "../support/long.js";

// The engine chooses one of these kernels, as it does in browsers.
if (LONG) conformance("the wasm engine in Node", () => wasmEngine());
for (const kernels of KERNELS) {
  conformance(`the wasm engine with ${kernels} kernels`, () => pinnedEngine(kernels));
}

test("kernels are plain in Node 20, whose WebAssembly has no relaxed SIMD, and relaxed in later ones", async () => {
  const [version] = process.versions.node.split(".");
  const { relaxed } = await compileKernels();
  expect(relaxed).toBe(Number(version) > 20);
  const engine = await wasmEngine({ threads: 2 });
  expect(engine.adapter).toBe(`WebAssembly, ${relaxed ? "relaxed SIMD" : "SIMD"}, 2 threads`);
  engine.close();
});
