/** The host writes words where the kernels read fields: both must have the same ones in the same order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Heap } from "../../../src/engine/wasm/heap.js";
import {
  ENTRY,
  ENTRY_BYTES,
  PLAN,
  PLAN_BYTES,
  writeEntry,
  writePlan,
} from "../../../src/engine/wasm/plan.js";

const source = readFileSync(join(import.meta.dirname, "../../../src/engine/wasm/assembly/plan.ts"), "utf8");

/** Name and type of the fields of a class of AssemblyScript. */
function fieldsOf(name: string): [string, string][] {
  const [, body] = new RegExp(`class ${name} {\n(.*?)\n}`, "s").exec(source) ?? [];
  return Array.from(body.matchAll(/^ {2}(\w+): (\w+);/gm), ([, field, type]) => [field, type]);
}

test.each([
  ["Plan", PLAN, PLAN_BYTES],
  ["Entry", ENTRY, ENTRY_BYTES],
])(
  "%s has the fields of the kernels' class, in its order, and each takes four bytes",
  (name, fields, bytes) => {
    expect(Object.entries(fields)).toEqual(fieldsOf(name));
    expect(new Set(Object.values(fields))).toEqual(new Set(["u32", "f32"]));
    expect(bytes).toBe(4 * Object.keys(fields).length);
  },
);

test("an entry is written word by word, as numbers of their kinds", () => {
  const heap = new Heap();
  const at = heap.allocate(ENTRY_BYTES, "An entry");
  writeEntry(heap, at, {
    first: 4e9,
    rows: 7,
    learningRate: 0.1,
    gradientScale: -2,
    penalty: 1e-3,
    correction1: 1,
    correction2: 0.5,
  });
  expect(Array.from(heap.u32(at, 2))).toEqual([4e9, 7]);
  expect(heap.f32(at + 8, 5)).toEqual(Float32Array.of(0.1, -2, 1e-3, 1, 0.5));
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
