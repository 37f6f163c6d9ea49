/** Runs the conformance tests on the wasm engine in a page. */
import { expect, test } from "vitest";
import { compile, compileKernels } from "../../src/engine/wasm/module.js";
import { conformance } from "./conformance.js";
import { randomRows } from "./problems.js";
import { KERNELS, pinnedEngine } from "../unit/engine/wasm/pinned.js";
import { type WasmEdits, wasmEngine } from "../support/engines.js";

/**
 * Features of the shapes with all types on pinned kernels, which the other engine tries on all shapes: fewer
 * than a vector, and some left over.
 */
const TYPED = [31, 3, 257];

conformance("the wasm engine in a page", () => wasmEngine());
for (const kernels of KERNELS) {
  conformance(`the wasm engine with ${kernels} kernels`, () => pinnedEngine(kernels), TYPED);
}
conformance(
  "the wasm engine without relaxed SIMD",
  async () => wasmEngine({ kernels: await compile(false) }),
  TYPED,
);

test("kernels are relaxed where a page's WebAssembly has it, and threads are as many as its cores", async () => {
  expect((await compileKernels()).relaxed).toBe(true);
  const adapterOf = async (options?: WasmEdits) => {
    const engine = await wasmEngine(options);
    engine.close();
    return engine.adapter;
  };
  const threads = Math.min(16, navigator.hardwareConcurrency);
  expect(await adapterOf()).toBe(
    `WebAssembly, relaxed SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
  );
  expect(await adapterOf({ kernels: await compile(false), threads: 1 })).toBe("WebAssembly, SIMD, 1 thread");
});

test("engines can be opened one after another for as long as one likes", async () => {
  // A page has address space for about a hundred memories at a time.
  let opened = 0;
  for (; opened < 200; opened++) {
    const engine = await wasmEngine();
    const placement = await engine.place(randomRows({ count: 3, features: 2, classes: 2 }, "f32", opened));
    placement.release();
    engine.close();
  }
  expect(opened).toBe(200);
});
