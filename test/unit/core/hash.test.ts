/** Tests the hash that tells data apart. */
import { expect, test } from "vitest";
import { DataHash } from "../../../src/core/hash.js";

const bytes = Uint8Array.from({ length: 1001 }, (_, i) => (i * i) % 251);
const whole = new DataHash().add(bytes).digest();

test("it has 16 digits, the same wherever the bytes are cut", () => {
  expect(whole).toMatch(/^[\da-f]{16}$/);
  for (const sizes of [[1], [3, 1, 2], [4], [5, 100, 7], [999, 1]]) {
    const hash = new DataHash();
    for (let first = 0, n = 0; first < bytes.length; n++) {
      const past = first + sizes[n % sizes.length];
      hash.add(bytes.subarray(first, past));
      first = past;
    }
    expect(hash.digest()).toBe(whole);
  }
});

test("any bit, a byte of zero and the order change it, in both halves", () => {
  const seen = new Map([[whole, "whole"]]);
  const add = (name: string, values: Uint8Array) => {
    const digest = new DataHash().add(values).digest();
    expect(seen.get(digest), name).toBeUndefined();
    expect(digest.slice(0, 8)).not.toBe(whole.slice(0, 8));
    expect(digest.slice(8)).not.toBe(whole.slice(8));
    seen.set(digest, name);
  };
  for (let bit = 0; bit < 8 * bytes.length; bit += 37) {
    add(`bit ${bit}`, bytes.with(bit >> 3, bytes[bit >> 3] ^ (1 << (bit & 7))));
  }
  add("one more", Uint8Array.of(...bytes, 0));
  add("one less", bytes.subarray(0, -1));
  add("reversed", bytes.toReversed());
});

test("100,000 small numbers have as many hashes", () => {
  const hashes = Array.from({ length: 100_000 }, (_, n) => new DataHash().add(Float64Array.of(n)).digest());
  expect(new Set(hashes).size).toBe(100_000);
});
