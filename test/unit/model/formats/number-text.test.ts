/** Tests the text of f32 numbers in model files. */
import { expect, test } from "vitest";
import { NUMBER_BYTES, writeNumber } from "../../../../src/model/formats/number-text.js";
import { randomIntegers } from "../../../../src/core/random.js";

function written(value: number): string {
  const bytes = new Uint8Array(NUMBER_BYTES + 2).fill(42);
  const end = writeNumber(bytes, 1, value);
  expect(bytes[0]).toBe(42);
  expect(bytes[end]).toBe(42);
  return new TextDecoder().decode(bytes.subarray(1, end));
}

test.each([
  [0, "0"],
  [-0, "0"],
  [1, "1"],
  [-1.5, "-1.5"],
  [0.5, "0.5"],
  [Math.fround(0.1), "0.100000001"],
  [100, "100"],
  [123456792, "123456792"],
  [1e9, "1000000000"],
  [Math.fround(1e-6), "9.99999997e-7"],
  [Math.fround(3.4e38), "3.39999995e+38"],
  [2 ** -149, "1.40129846e-45"],
])("%d is written as %s", (value, text) => {
  expect(written(value)).toBe(text);
});

test("any f32 comes back exactly, in at most nine digits", () => {
  const random = randomIntegers(3);
  const words = new Uint32Array(1);
  const [floats] = [new Float32Array(words.buffer)];
  for (let n = 0; n < 20_000; n++) {
    words[0] = random();
    // Every other one of a size that weights have.
    if (n % 2 === 0) floats[0] = (random() / 2 ** 31 - 1) * 10 ** ((random() % 12) - 6);
    const [value] = floats;
    if (!Number.isFinite(value)) continue;
    const text = written(value);
    expect(Math.fround(Number(text)), text).toBe(value === 0 ? 0 : value);
    const digits = text.replace(/e.*/, "").replaceAll(/[-.]/g, "");
    expect(digits.replaceAll(/^0+|0+$/g, "").length).toBeLessThanOrEqual(9);
  }
});
