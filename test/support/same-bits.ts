/** Setup of all tests: `toEqual` compares arrays of numbers by their bits before it looks at each number. */
import { expect } from "vitest";

/** True if both are typed arrays with the same bits. Undefined otherwise: then vitest compares them. */
function haveSameBits(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return undefined;
  if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return undefined;
  const [left, right] = [a, b].map((one) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength));
  return left.every((byte, at) => byte === right[at]) || undefined;
}

expect.addEqualityTesters([haveSameBits]);
