/** Checks the accuracy of numbers in the kernels, in a browser. */
import { expect, test } from "vitest";
import { compile } from "../../../../src/engine/wasm/module.js";
import kernels from "./assembly/kernels.wasm?built";
import { HALVES, accurate, featuresAs, numbersOf, wrongHalves } from "./numbers.js";

const fromBase64 = (base64: string) => Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));

// A page supports both.
accurate("plain kernels", () => numbersOf(fromBase64(kernels.plain)));
accurate("relaxed kernels", () => numbersOf(fromBase64(kernels.relaxed)));

test.each([false, true])("f16 are exact, with relaxed SIMD: %s", async (relaxed) => {
  const found = await featuresAs(new Float16Array(HALVES.buffer), 1, await compile(relaxed));
  expect(wrongHalves(found)).toEqual([]);
});
