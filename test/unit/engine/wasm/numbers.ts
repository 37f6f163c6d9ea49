/**
 * Measures the accuracy of numbers in the kernels: exponentials and logarithms by the harness in assembly/,
 * features by a whole engine.
 */
import { describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { FlatFeatures } from "../../../../src/core/rows.js";
import type { WasmKernels } from "../../../../src/engine/wasm/module.js";
import { RULES, runAll } from "../../../conformance/problems.js";
import { wasmEngine } from "../../../support/engines.js";

/** The harness, compiled. */
export interface Numbers {
  powers(x: Float32Array): Float32Array;
  logarithms(x: Float32Array): Float32Array;
}

type OfFloats = (from: number, to: number, bytes: number) => void;

/** Distance between the bits of tested floats: a prime, so that all last bits occur. */
const STRIDE = 641;

export async function numbersOf(binary: BufferSource): Promise<Numbers> {
  const memory = new WebAssembly.Memory({ initial: 512, maximum: 2 ** 16, shared: true });
  const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(binary), { env: { memory } });
  const run = (name: string) => (x: Float32Array) => {
    const [from, to] = [0, memory.buffer.byteLength / 2];
    new Float32Array(memory.buffer, from, x.length).set(x);
    (exports[name] as OfFloats)(from, to, x.byteLength);
    return new Float32Array(memory.buffer, to, x.length).slice();
  };
  return { powers: run("powers"), logarithms: run("logarithms") };
}

/** The largest error of e^x from −87.33 to 0, in units of the last place. */
export function powerError({ powers }: Numbers): number {
  const x = floats(0, bitsOf(87.33), STRIDE).map((size) => -size);
  return largest(powers(x), (i) => {
    const exact = Math.exp(x[i]);
    return { exact, unit: unitOf(exact) };
  });
}

/**
 * The largest error of ln x from 1 to the largest float, in units of the last place or of 2⁻²⁴, so that 2 of
 * them are 2⁻²³.
 */
export function logarithmError({ logarithms }: Numbers): number {
  const [one, past] = [bitsOf(1), bitsOf(Infinity)];
  return Math.max(
    ...[floats(one, one + 2 ** 20, 1), floats(one, past, STRIDE)].map((x) =>
      largest(logarithms(x), (i) => {
        const exact = Math.log(x[i]);
        return { exact, unit: Math.max(2 ** -24, unitOf(exact)) };
      }),
    ),
  );
}

export function accurate(name: string, open: () => Promise<Numbers>): void {
  describe(`numbers of ${name}`, () => {
    test("powers are within 2 ulp", async () => {
      expect(powerError(await open())).toBeLessThan(2);
    });

    test("powers of 0 are 1, and those below the smallest normal number are 0", async () => {
      const { powers } = await open();
      const x = Float32Array.of(0, -0, 0, 0, -87.34, -1000, -3.4e38, -Infinity);
      expect(Array.from(powers(x))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    });

    test("the power of NaN is NaN, of either sign and whatever it says", async () => {
      const { powers } = await open();
      const bits = Uint32Array.of(0x7fc00000, 0xffc00000, 0x7fc00001, 0x7f800001, 0x7fffffff, 0xffffffff, 0x7fa5a5a5, 0xffd5d5d5); // prettier-ignore
      expect(Array.from(powers(new Float32Array(bits.buffer)))).toEqual(Array.from(bits, () => Number.NaN));
    });

    test("logarithms are within 2 ulp or 2⁻²³", async () => {
      expect(logarithmError(await open())).toBeLessThan(2);
    });
  });
}

/**
 * Returns the values as an engine reads them: each is the only feature of a row, and the logit of a class
 * whose weight is 1, which rounds nothing.
 */
export async function featuresAs(
  x: FlatFeatures,
  scale: number,
  kernels?: WasmKernels,
): Promise<Float32Array> {
  const engine = await wasmEngine({ threads: 1, ...(kernels && { kernels }) });
  const count = x.length;
  const rows = { count, features: 1, x, scale, labels: new Uint32Array(count) };
  const problem = { classes: 2, batchSize: count, intercept: true, rule: RULES["sgd"] };
  const { results } = await runAll(engine, rows, problem, Float32Array.of(1, 0, 0, 0));
  engine.close();
  const found = new Float32Array(count);
  results[0].passes?.rows.forEach((row, n) => {
    found[row] = results[0].passes?.logits[2 * n] ?? Number.NaN;
  });
  return found;
}

/** All finite f16, as their bits. */
export const HALVES = Uint16Array.from(range(2 ** 16)).filter((half) => ((half >> 10) & 31) < 31);

/** The halves that are read as another number. */
export function wrongHalves(found: Float32Array): number[] {
  return Array.from(HALVES).filter((half, i) => {
    const [exponent, digits] = [(half >> 10) & 31, half & 1023];
    const size = exponent === 0 ? digits * 2 ** -24 : (digits + 1024) * 2 ** (exponent - 25);
    return found[i] !== (half >= 0x8000 ? -size : size);
  });
}

/** The floats whose bits are `first`, `first` + stride and so on; their number is a multiple of four. */
function floats(first: number, past: number, stride: number): Float32Array {
  const length = 4 * Math.floor((past - first) / stride / 4);
  const bits = Uint32Array.from({ length }, (_, i) => first + i * stride);
  return new Float32Array(bits.buffer);
}

function bitsOf(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

/** The distance between neighbouring floats at x, which is positive and normal. */
function unitOf(x: number): number {
  return 2 ** (Math.floor(Math.log2(x)) - 23);
}

function largest(
  found: Float32Array,
  wanted: (i: number) => { readonly exact: number; readonly unit: number },
): number {
  let worst = 0;
  found.forEach((value, i) => {
    const { exact, unit } = wanted(i);
    const error = Math.abs(value - exact) / unit;
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
  });
  return worst;
}
