/** Tests the order in which an objective executes its requests, and how many it accepts at once. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Engine, Placement } from "../../../../src/engine/engine.js";
import type { Objective } from "../../../../src/engine/objective.js";
import type { Term, VectorSpace } from "../../../../src/engine/vectors.js";
import { objectiveOf } from "../../../conformance/objectives.js";
import { randomRows, randomWeights } from "../../../conformance/problems.js";
import { wasmEngine } from "../../../support/engines.js";

const shape = { count: 700, features: 30, classes: 11 };
const rows = randomRows(shape, "f32", 181);

let engine: Engine;
let placement: Placement;
let objective: Objective;
let space: VectorSpace;
beforeAll(async () => {
  engine = await wasmEngine({ threads: 2 });
  placement = await engine.place(rows);
});
afterAll(() => engine.close());
beforeEach(async () => {
  objective = await placement.objective(objectiveOf(rows, shape.classes));
  space = objective.space;
});
afterEach(() => objective.release());

/** Small integers, whose sums are exact. */
const integers = Float32Array.from({ length: 31 * 11 }, (_, i) => (i % 41) - 20);

describe("what is asked in one turn", () => {
  test("is answered in order, whatever it is", async () => {
    const [w, other] = [182, 183].map((seed) => space.vector(randomWeights(shape, seed)));
    const [g, h] = [space.vector(), space.vector()];
    const wanted = {
      sums: await objective.linearize(w, g),
      gradient: await space.read(g),
      logits: await objective.logits(),
      some: await objective.evaluate(other, range(100)),
      others: await objective.linearize(other, h),
      otherGradient: await space.read(h),
      otherLogits: await objective.logits(),
    };
    const sums = objective.linearize(w, g);
    const gradient = space.read(g);
    const logits = objective.logits();
    const some = objective.evaluate(other, range(100));
    const others = objective.linearize(other, g);
    const otherGradient = space.read(g);
    const otherLogits = objective.logits();
    const found = {
      sums: await sums,
      gradient: await gradient,
      logits: await logits,
      some: await some,
      others: await others,
      otherGradient: await otherGradient,
      otherLogits: await otherLogits,
    };
    expect(found).toEqual(wanted);
  });

  test("may be asked while something is computed", async () => {
    const [w, g] = [space.vector(randomWeights(shape, 182)), space.vector()];
    const sums = await objective.linearize(w, g);
    const evaluated = await objective.evaluate(w, range(100));
    for (let turn = 0; turn < 10; turn++) {
      const asking = [objective.linearize(w, g), objective.evaluate(w, range(100))];
      for (let pause = 0; pause < turn; pause++) await Promise.resolve();
      asking.push(objective.evaluate(w, range(100)), objective.linearize(w, g));
      expect(await Promise.all(asking)).toEqual([sums, evaluated, evaluated, sums]);
    }
  });

  test("may be more than one run holds, of questions and of terms", async () => {
    const [v, one] = [space.vector(integers), space.vector(integers)];
    const terms: Term[] = [[1, v], [-2, one], [1, one], [0, v], [2, one]]; // prettier-ignore
    for (let n = 0; n < 1500; n++) space.combine(v, terms); // adds 1 to each v
    const products = space.products(Array.from({ length: 1500 }, () => [one, one] as const));
    const square = integers.reduce((sum, value) => sum + value * value, 0);
    expect(new Set((await products).map(({ sum }) => sum))).toEqual(new Set([square]));
    expect(await space.read(v)).toEqual(integers.map((value) => 1501 * value));
  });
});

test("an objective may be released with requests that nobody awaits, and others are not disturbed", async () => {
  const other = { count: 90, features: 300, classes: 5 };
  const others = randomRows(other, "f32", 184);
  const compute = async () => {
    const placed = await engine.place(others);
    const second = await placed.objective(objectiveOf(others, other.classes));
    const [w, g] = [second.space.vector(randomWeights(other, 185)), second.space.vector()];
    const sums = await second.linearize(w, g);
    const gradient = await second.space.read(g);
    second.release();
    placed.release();
    return { sums, gradient };
  };
  const wanted = await compute();
  for (let turn = 0; turn < 20; turn++) {
    const first = await placement.objective(objectiveOf(rows, shape.classes));
    const [v, one] = [first.space.vector(integers), first.space.vector(integers)];
    for (let n = 0; n < 900; n++) first.space.combine(v, [[1, v], [1, one]]); // prettier-ignore
    for (let pause = 0; pause < turn; pause++) await Promise.resolve();
    first.release();
    expect(await compute()).toEqual(wanted);
  }
});

describe("a sum", () => {
  test("of no terms is zero", async () => {
    const v = space.vector(integers);
    space.combine(v, []);
    expect(await space.read(v)).toEqual(new Float32Array(integers.length));
  });

  test("may have 1024 terms, and no more", async () => {
    const v = space.vector(integers);
    const terms = Array.from({ length: 1024 }, (): Term => [1, v]);
    space.combine(v, terms);
    expect(await space.read(v)).toEqual(integers.map((value) => 1024 * value));
    expect(() => space.combine(v, [...terms, [1, v]])).toThrow(/1025 terms.* 1024/);
  });
});
