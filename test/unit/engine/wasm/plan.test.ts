/**
 * Checks that the words that the host writes and the fields that the kernels read are the same, in the same
 * order.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Heap } from "../../../../src/engine/wasm/heap.js";
import {
  ENTRY,
  PLAN_ENTRY_BYTES,
  PLAN,
  PLAN_BYTES,
  OPERATIONS,
  writeEntries,
  writePlan,
} from "../../../../src/engine/wasm/plan.js";

const source = readFileSync(
  join(import.meta.dirname, "../../../../src/engine/wasm/assembly/plan.ts"),
  "utf8",
);

/** Names and types of the fields of an AssemblyScript class. */
function fieldsOf(name: string): [string, string][] {
  const [, body] = new RegExp(`class ${name} {\n(.*?)\n}`, "s").exec(source) ?? [];
  return Array.from(body.matchAll(/^ {2}(\w+): (\w+);/gm), ([, field, type]) => [field, type]);
}

test.each([
  ["Plan", PLAN, PLAN_BYTES],
  ["Entry", ENTRY, PLAN_ENTRY_BYTES],
])(
  "%s has the fields of the kernels' class, in its order, and each takes four bytes",
  (name, fields, bytes) => {
    expect(Object.entries(fields)).toEqual(fieldsOf(name));
    expect(new Set(Object.values(fields))).toEqual(new Set(["u32", "f32"]));
    expect(bytes).toBe(4 * Object.keys(fields).length);
  },
);

test("the operations have the kernels' numbers", () => {
  const constants = Array.from(source.matchAll(/^export const (\w+): u32 = (\d+);/gm), ([, name, number]) => [
    name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    Number(number),
  ]);
  expect(Object.entries(OPERATIONS)).toEqual(constants);
});

test("entries are written word by word, as numbers of their kinds, and what is not given is 0", () => {
  const heap = new Heap();
  const at = heap.allocate(2 * PLAN_ENTRY_BYTES, "Two entries");
  heap.bytes(at, 2 * PLAN_ENTRY_BYTES).fill(9);
  const given = {
    operation: OPERATIONS.step,
    first: 4e9,
    rows: 7,
    t: -2.5,
    gradientScale: 0.25,
    correction2: 0.5,
  };
  writeEntries(heap, at, [{ operation: OPERATIONS.evaluateAlong, correction1: 3 }, given]);
  const wordsAt = (first: number) =>
    Object.fromEntries(
      Object.entries(ENTRY).map(([name, kind], n) => [name, heap[kind](first + 4 * n, 1)[0]]),
    );
  const nothing = Object.fromEntries(Object.keys(ENTRY).map((name) => [name, 0]));
  expect(wordsAt(at)).toEqual({ ...nothing, operation: OPERATIONS.evaluateAlong, correction1: 3 });
  expect(wordsAt(at + PLAN_ENTRY_BYTES)).toEqual({ ...nothing, ...given });
});

test("of a plan only the fields that are given are written", () => {
  const heap = new Heap();
  const at = heap.allocate(PLAN_BYTES, "A plan");
  const names = Object.keys(PLAN);
  heap.u32(at, names.length).fill(9);
  writePlan(heap, at, { scale: 0.25, steps: 5, generation: 0 });
  const words = Object.fromEntries(Array.from(heap.u32(at, names.length), (word, n) => [names[n], word]));
  expect(heap.f32(at + 4 * names.indexOf("scale"), 1)[0]).toBe(0.25);
  expect(words).toEqual({
    ...Object.fromEntries(names.map((name) => [name, 9])),
    scale: words["scale"],
    steps: 5,
    generation: 0,
  });
});
