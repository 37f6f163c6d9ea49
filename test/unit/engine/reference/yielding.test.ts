/** Checks that the reference engine yields to the event loop during long work. */
import { afterEach, expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Objective } from "../../../../src/engine/objective.js";
import { referenceEngine } from "../../../../src/engine/reference/engine.js";

afterEach(() => {
  vi.restoreAllMocks();
});

const { now } = performance;
let late = 0; // only grows, because yields compare two times

/** Counts the turns of the event loop during some work, as if each piece of it took long. Sets no timer. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + (late += 20));
  const timers = vi.spyOn(globalThis, "setTimeout");
  let turns = 0;
  let working = true;
  const turn = () => {
    turns++;
    if (working) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  working = false;
  expect(timers).not.toHaveBeenCalled();
  return turns;
}

async function opened(features: number, classes: number): Promise<Objective> {
  const count = 4;
  const x = Float32Array.from({ length: count * features }, (_, i) => i % 3);
  const labels = Uint32Array.from({ length: count }, (_, n) => n % classes);
  const placement = await referenceEngine().place({ count, features, x, scale: 1, labels });
  return placement.objective({
    classes,
    intercept: true,
    scale: 1,
    penalties: new Float64Array(features),
    rows: range(count),
  });
}

test("passes over few rows of many features and classes yield after each", async () => {
  const objective = await opened(3000, 2000); // 6e6 multiply-adds per row
  const [w, g] = [objective.space.vector(), objective.space.vector()];
  expect(await turnsDuring(() => objective.linearize(w, g))).toBeGreaterThanOrEqual(4);
});

test.each<{ what: string; ask: (objective: Objective) => Promise<unknown> }>([
  {
    what: "a multiplied matrix",
    ask({ space }) {
      const to = space.vector();
      space.multiply(to, space.matrix(new Float64Array(401 ** 2)), space.vector());
      return space.read(to);
    },
  },
  {
    what: "a combination",
    ask({ space }) {
      const [to, from] = [space.vector(), space.vector()];
      space.combine(
        to,
        Array.from({ length: 500 }, () => [1, from] as const),
      );
      return space.read(to);
    },
  },
  {
    what: "many products",
    ask({ space }) {
      const [a, b] = [space.vector(), space.vector()];
      return space.products(Array.from({ length: 8 }, () => [a, b] as const));
    },
  },
])("$what yields", async ({ ask }) => {
  const objective = await opened(400, 200);
  expect(await turnsDuring(() => ask(objective))).toBeGreaterThanOrEqual(4);
});
