/** Tests how values are shown in messages. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { show } from "../../../src/core/show.js";

describe("a value in a message", () => {
  test.each<[unknown, string]>([
    ["a\nb", '"a\\nb"'],
    ["x".repeat(100), `"${"x".repeat(60)}…"`],
    [1.5, "1.5"],
    [-0, "0"],
    [1n, "1n"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"],
    [() => 1, "a function"],
    [[], "an empty list"],
    [[1, 2], "a list of 2 values"],
    [{}, "an object"],
    [Object.create(null), "an object"],
    [new Map(), "a Map"],
    [new ArrayBuffer(1), "an ArrayBuffer"],
    [Float32Array.of(1), "a Float32Array"],
    [runInNewContext("new Date(0)"), "a Date"],
  ])("%o is %s", (value, shown) => expect(show(value)).toBe(shown));
});
