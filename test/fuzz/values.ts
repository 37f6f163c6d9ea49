/** Values that a caller may pass, wrong in most places and right in some. */
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";

/** Draws the value of an arbitrary. */
export type Draw = fc.GeneratorValue;

const TYPED = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
];

/** Numbers of every size, NaN and infinities. */
export const NUMBERS: readonly number[] = [
  0, -0, 1, -1, 2, 3, 0.5, -2.5, 1e-5, 7, 255, 256, 1e-30, -1e-30, 1e30, 1e39, -1e39, 1e160, 1e308, -1e308, 5e-324,
  Number.MAX_SAFE_INTEGER, 2 ** 53, NaN, Infinity, -Infinity,
]; // prettier-ignore

/** An array of the greatest length, all holes. */
function sparse(): unknown[] {
  return Object.assign([], { length: 2 ** 32 - 1 });
}

/** Creates each object anew, so that no call sees what another did to it. */
const OBJECTS: readonly (() => unknown)[] = [
  () => [],
  () => [[]],
  () => [[1, 2], [3]],
  () => [1, 2],
  () => ["a", "b"],
  () => [null, undefined],
  () => [[[1]]],
  () => ({}),
  () => Object.create(null),
  () => Object.freeze({ length: 2, 0: 1, 1: 2 }),
  () => ({ length: 2 ** 40 }),
  () => ({ length: -1 }),
  () => ({ x: [[1], [2]], y: [0, 1] }),
  () => ({ a: 1 }),
  () => ({ kind: "constant", rate: 0.1 }),
  () => ({ kind: "step", rate: 0.1, every: 1, factor: 0.5 }),
  () => ({ kind: "cosine", rate: 1, final: Object.create(null) }),
  () => ({ classes: [0, 1], features: 1, weights: [0, 0], bias: [0, 0] }),
  () => ({ classes: [0, 1], features: 1, weights: new Float32Array(1), bias: null }),
  () => ({ constructor: null }),
  () => ({ constructor: { name: 5 } }),
  () => new Date(Number.NaN),
  () => new Map([["a", 1]]),
  () => new Set(["a", "b"]),
  () => new Error("an error as a value"),
  () => /./,
  () => Promise.resolve(1),
  () => new ArrayBuffer(8),
  () => new SharedArrayBuffer(8),
  () => new DataView(new ArrayBuffer(8)),
  () => Object("boxed"),
  () => Object(1),
  () => () => 1,
  () => class Named { own = 1 }, // prettier-ignore
  () => new (class Named { own = 1 })(), // prettier-ignore
  () => new AbortController().signal,
  () => AbortSignal.abort(Object.create(null)),
  () => new Uint8Array(new SharedArrayBuffer(4)),
  () => new Float64Array(2).fill(Number.NaN),
  () => BigInt64Array.of(1n, 2n ** 60n + 1n),
  () => BigUint64Array.of(0n, 1n),
  () => runInNewContext("[[1, 2], [3, 4]]"),
  () => runInNewContext("Float32Array.of(1, 0, 0, 1)"),
  () => runInNewContext("({})"),
  () => sparse(),
  () => [sparse()],
  ...TYPED.map((Type) => () => Type.of(0, 1, 1, 0)),
];

const PRIMITIVES: readonly unknown[] = [
  undefined, null, true, false, "", " ", "a", "1", "1e999", "constructor", "__proto__", "balanced", "zeros", "ab".repeat(99),
  0n, 1n, -1n, 2n ** 70n, 10n ** 400n, Symbol("s"), Symbol.iterator,
]; // prettier-ignore

/** Anything but a Proxy or an object with a getter, whose errors would be the caller's own. */
export function drawAnything(g: Draw): unknown {
  const kind = draw(g, 10);
  if (kind < 3) return pick(g, NUMBERS);
  if (kind < 5) return pick(g, PRIMITIVES);
  if (kind < 9) return pick(g, OBJECTS)();
  return g(fc.anything, { withTypedArray: true, withBigInt: true, withDate: true, withNullPrototype: true });
}

/** A whole number from 0 to `below` − 1. */
export function draw(g: Draw, below: number): number {
  return g(fc.nat, { max: below - 1 });
}

/** True once in `times` draws. */
export function once(g: Draw, times: number): boolean {
  return draw(g, times) === 0;
}

export function pick<T>(g: Draw, values: readonly T[]): T {
  return values[draw(g, values.length)];
}
