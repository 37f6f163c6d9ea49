/** Tests that every engine's objective must pass. */
import { expect, test } from "vitest";
import { range } from "../../src/core/random.js";
import type { Engine } from "../../src/engine/engine.js";
import type { Objective } from "../../src/engine/objective.js";
import type { Rows } from "../../src/core/rows.js";
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { LOOKS, lookAround, objectiveOf } from "./objectives.js";
import { type Shape, kindsOf, offset, randomRows, randomWeights, softened } from "./problems.js";

/** Calls `engine` within tests, once it is open. `typed` is for `kindsOf`. */
export function objectiveConforms(
  shapes: readonly Shape[],
  engine: () => Engine,
  typed?: readonly number[],
): void {
  test.each(shapes.flatMap((shape) => kindsOf(shape, typed).map((kind) => ({ ...shape, kind }))))(
    "an objective of $count rows × $features features × $classes classes, $kind, is within its error bounds",
    async ({ kind, ...shape }) => {
      const rows = randomRows(shape, kind, 111);
      const looks = await lookAround(engine(), rows, objectiveOf(rows, shape.classes), 112);
      for (const look of LOOKS) expect(looks[look], look).toBeLessThan(1);
    },
  );

  const shape = { count: 300, features: 21, classes: 7 };
  const rows = randomRows(shape, "f32", 121);
  const problem = objectiveOf(rows, 7);

  test.each([
    { count: 300, features: 21, classes: 7, of: "labels" },
    { count: 131, features: 31, classes: 13, of: "labels" },
    { count: 60, features: 9, classes: 2, of: "soft targets" },
    { count: 21, features: 6, classes: 1001, of: "labels" },
  ])(
    "its logits have the offsets of their rows: $count × $features × $classes, $of",
    async ({ of, ...some }) => {
      const plain = randomRows(some, "f32", 141);
      const targeted = of === "labels" ? plain : softened(plain, some.classes, 142);
      const added = offset(targeted, some.classes, 143);
      const problem = objectiveOf(added, some.classes);
      const looks = await lookAround(engine(), added, problem, 144);
      for (const look of LOOKS) expect(looks[look], look).toBeLessThan(1);
      const others = range(some.count).filter((row) => row % 3 !== 0);
      const ask = (one: Engine) =>
        withObjective(one, added, problem, async (objective) => {
          const { space } = objective;
          const [w, g] = [space.vector(randomWeights(some, 145, 0.1)), space.vector()];
          const first = await objective.linearize(w, g);
          const sums = await objective.evaluate(w, others);
          expect(await objective.evaluate(w, others)).toEqual(sums);
          expect(await objective.linearize(w, g)).toEqual(first);
          return sums;
        });
      const [found, exact] = [await ask(engine()), await ask(referenceEngine())];
      expect(found.loss / exact.loss).toBeCloseTo(1, 4);
      expect(found.hits).toBeCloseTo(exact.hits, 3);
    },
  );

  test("without an intercept its gradient and its curvature have none", async () => {
    const looks = await lookAround(engine(), rows, { ...problem, intercept: false }, 122);
    for (const look of LOOKS) expect(looks[look], look).toBeLessThan(1);
    await withObjective(engine(), rows, { ...problem, intercept: false }, async (objective) => {
      const { space } = objective;
      const [w, g, h] = [randomWeights(shape, 123), undefined, undefined].map((v) => space.vector(v));
      await objective.linearize(w, g);
      objective.curvature(w, h);
      for (const vector of [g, h]) {
        const values = Array.from(await space.read(vector));
        expect(values.slice(21 * 7)).toEqual(Array.from({ length: 7 }, () => 0));
        expect(values.slice(0, 21 * 7).every((value) => value !== 0)).toBe(true);
      }
    });
  });

  test("the same questions have the same answers, bit for bit", async () => {
    const ask = () =>
      withObjective(engine(), rows, problem, async (objective) => {
        const { space } = objective;
        const [w, p, g, h] = [randomWeights(shape, 124), randomWeights(shape, 125), undefined, undefined].map(
          (v) => space.vector(v),
        );
        const sums = await objective.linearize(w, g);
        objective.setDirection(p);
        objective.curvature(p, h);
        const [trials, products] = await Promise.all([
          objective.evaluateAlong([0, 0.5, 1, 2, -1]),
          space.products([
            [g, p],
            [h, h],
          ]),
        ]);
        const vectors = await Promise.all([space.read(g), space.read(h)]);
        return { sums, trials, products, vectors };
      });
    expect(await ask()).toEqual(await ask());
  });

  test("what is asked for in one turn is done in order", async () => {
    await withObjective(engine(), rows, problem, async (objective) => {
      const { space } = objective;
      const [w, p] = [randomWeights(shape, 126), randomWeights(shape, 127)].map((v) => space.vector(v));
      const [g, other] = [space.vector(), space.vector()];
      const first = objective.linearize(w, g);
      objective.setDirection(p);
      const trials = objective.evaluateAlong([1]);
      space.combine(w, [
        [1, w],
        [1, p],
      ]);
      const moved = objective.step(1, w, other);
      space.combine(other, [[1, other], [-1, g]]); // prettier-ignore
      const change = space.products([[other, p]]);
      const found = { first: await first, trial: (await trials)[0], moved: await moved };
      expect(found.moved.loss / found.trial.loss).toBeCloseTo(1, 5);
      expect(found.moved.loss).not.toBeCloseTo(found.first.loss, 1);
      const [{ sum }] = await change;
      const slopes = await objective.evaluateAlong([-1, 0]);
      const [{ penalised }] = await space.products([[p, p]]);
      const expected = problem.scale * (slopes[1].slope - slopes[0].slope) + penalised;
      expect(sum / expected).toBeCloseTo(1, 3);
    });
  });

  test("without l1 the smallest subgradient is the gradient", async () => {
    const { l1: _, ...smooth } = problem;
    await withObjective(engine(), rows, smooth, async (objective) => {
      const { space } = objective;
      const w = randomWeights(shape, 128).map((value, i) => (i % 3 === 0 ? 0 : value));
      const [at, g, d] = [w, undefined, undefined].map((v) => space.vector(v));
      await objective.linearize(at, g);
      space.subgradient(d, at, g);
      expect(await space.read(d)).toEqual(await space.read(g));
    });
  });

  test("it evaluates other rows at other weights, and stays where it is", async () => {
    const few = randomRows({ count: 5000, features: 12, classes: 6 }, "f32", 131);
    const start = randomWeights({ count: 0, features: 12, classes: 6 }, 132, 0.1);
    const others = range(5000).filter((row) => row % 3 !== 0);
    const small = { ...objectiveOf(few, 6), rows: range(50) };
    const ask = (one: Engine) =>
      withObjective(one, few, small, async (objective) => {
        const { space } = objective;
        const [w, zeros, g] = [space.vector(start), space.vector(), space.vector()];
        await objective.linearize(w, g);
        const before = await objective.logits();
        const sums = await objective.evaluate(w, others);
        const even = await objective.evaluate(zeros, others);
        expect(await objective.logits()).toEqual(before);
        return { sums, even };
      });
    const [found, exact] = [await ask(engine()), await ask(referenceEngine())];
    for (const which of ["sums", "even"] as const) {
      expect(found[which].loss / exact[which].loss).toBeCloseTo(1, 4);
      expect(found[which].weight).toBeCloseTo(exact[which].weight, 2);
      expect(Math.abs(found[which].hits - exact[which].hits)).toBeLessThan(3);
    }
    expect(found.even.loss / found.even.weight).toBeCloseTo(Math.log(6), 4);
  });
}

async function withObjective<T>(
  engine: Engine,
  rows: Rows,
  problem: Parameters<typeof lookAround>[2],
  use: (objective: Objective) => Promise<T>,
): Promise<T> {
  const placement = await engine.place(rows);
  const objective = await placement.objective(problem);
  try {
    return await use(objective);
  } finally {
    objective.release();
    placement.release();
  }
}
