/** Checks the accuracy of numbers in the kernels, in Node, and that wrong functions are detected. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import kernels from "./assembly/kernels.wasm?built";
import { type AssemblyEdit, editedAssembly, editedKernels } from "../../../mutation/edited-assembly.js";
import { WRONG_HALVES, WRONG_LOGARITHMS, WRONG_POWERS } from "../../../mutation/wrong-assembly.js";
import {
  HALVES,
  accurate,
  featuresAs,
  logarithmError,
  numbersOf,
  powerError,
  wrongHalves,
} from "./numbers.js";

accurate("plain kernels", () => numbersOf(Uint8Array.from(Buffer.from(kernels.plain, "base64"))));

/** The harness compiled with an edit that makes its functions wrong. */
async function edited(wrong: AssemblyEdit) {
  return numbersOf(await editedAssembly(join(import.meta.dirname, "assembly"), wrong));
}

test.each(WRONG_POWERS)("powers are caught when $what", async (wrong) => {
  expect(powerError(await edited(wrong))).toBeGreaterThan(2);
});

test.each(WRONG_LOGARITHMS)("logarithms are caught when $what", async (wrong) => {
  expect(logarithmError(await edited(wrong))).toBeGreaterThan(2);
});

test("bytes are scaled, rounded once", async () => {
  const bytes = Uint8Array.from(range(256));
  const scale = Math.fround(1 / 255);
  expect(await featuresAs(bytes, scale)).toEqual(Float32Array.from(bytes, (byte) => byte * scale));
});

describe("f16", () => {
  beforeEach(() => {
    // Kernels see only their bits. Where JavaScript has no f16, 16-bit integers stand in for them.
    if (!("Float16Array" in globalThis)) vi.stubGlobal("Float16Array", Uint16Array);
  });
  afterEach(() => vi.unstubAllGlobals());

  test("are exact: normal, subnormal, zero and negative", async () => {
    expect(wrongHalves(await featuresAs(new Float16Array(HALVES.buffer), 1))).toEqual([]);
  });

  test.each(WRONG_HALVES)("are caught when $what", async (one) => {
    const found = await featuresAs(new Float16Array(HALVES.buffer), 1, await editedKernels(one));
    expect(wrongHalves(found)).toHaveLength(one.wrong);
  });
});
