/** Checks the accuracy of numbers in the kernels, in Node, and that wrong functions are detected. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { compileAssembly } from "../../../../scripts/assembly.js";
import { range } from "../../../../src/core/random.js";
import kernels from "./assembly/kernels.wasm?built";
import { editedKernels } from "../../../mutation/edited-assembly.js";
import {
  HALVES,
  accurate,
  featuresAs,
  logarithmError,
  numbersOf,
  powerError,
  wrongHalves,
} from "./numbers.js";

vi.setConfig({ testTimeout: 60_000 }); // kernels are compiled

accurate("plain kernels", () => numbersOf(Uint8Array.from(Buffer.from(kernels.plain, "base64"))));

/** The harness compiled with an edit that makes its functions wrong. */
async function edited(from: string, to: string) {
  const edit = { file: "math.ts", edit: [from, to] } as const;
  return numbersOf(
    Uint8Array.from(await compileAssembly(join(import.meta.dirname, "assembly"), false, edit)),
  );
}

test.each([
  ["Taylor's polynomial is of degree 6", "f32x4.splat(1.0 / 5040.0)", "f32x4.splat(0)"],
  ["ln 2 has its first part only", "madd(n, f32x4.splat(-LN2_LOW), high)", "high"],
])("powers are caught when %s", async (_, from, to) => {
  expect(powerError(await edited(from, to))).toBeGreaterThan(2);
});

test.each([
  [
    "the series ends at s⁵",
    "f32x4.splat(2.0 / 9.0);\n  p = madd(p, square, f32x4.splat(2.0 / 7.0));",
    "f32x4.splat(0);",
  ],
  ["m begins at 1, not at √½", "i32x4.splat(0x3f3504f3)", "i32x4.splat(0x3f800000)"],
  ["ln 2 has its first part only", "f32x4.mul(e, f32x4.splat(LN2_LOW))", "f32x4.splat(0)"],
])("logarithms are caught when %s", async (_, from, to) => {
  expect(logarithmError(await edited(from, to))).toBeGreaterThan(2);
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

  test.each([
    ["the sign is lost", "i32x4.splat(0x8000)), 16)", "i32x4.splat(0)), 16)", 31 * 1024 - 1],
    // Moves the exponent as an integer, which is right for normal numbers only.
    [
      "subnormal numbers are read as normal",
      "f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000)))",
      "i32x4.add(magnitude, i32x4.splat(112 << 23))",
      2 * 1024,
    ],
  ])("are caught when %s", async (_, from, to, wrong) => {
    const found = await featuresAs(
      new Float16Array(HALVES.buffer),
      1,
      await editedKernels("rows.ts", from, to),
    );
    expect(wrongHalves(found)).toHaveLength(wrong);
  });
});
