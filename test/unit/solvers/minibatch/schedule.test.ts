/** Tests the schedules of the learning rate. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Schedule, train } from "../../../../src/index.js";
import { rateAt } from "../../../../src/solvers/minibatch/schedule.js";

const EPOCHS = 10;
const STEPS = 4; // per epoch

/** The rate at a step of an epoch. */
function rate(schedule: Schedule, epoch: number, step = 0): number {
  return rateAt(schedule, epoch * STEPS + step, STEPS, EPOCHS);
}

describe("a constant rate", () => {
  test("is the same throughout", () => {
    expect([0, 3, 9].map((epoch) => rate({ kind: "constant", rate: 0.3 }, epoch))).toEqual([0.3, 0.3, 0.3]);
  });
});

describe("a stepped rate", () => {
  const schedule: Schedule = { kind: "step", rate: 0.8, every: 3, factor: 0.5 };

  test("is multiplied by the factor when so many epochs are over, and not a step earlier", () => {
    expect(rate(schedule, 0)).toBe(0.8);
    expect(rate(schedule, 2, STEPS - 1)).toBe(0.8);
    expect(rate(schedule, 3)).toBe(0.4);
    expect(rate(schedule, 5, STEPS - 1)).toBe(0.4);
    expect(rate(schedule, 6)).toBe(0.2);
    expect(rate(schedule, 9)).toBe(0.1);
  });

  test("may step within an epoch", () => {
    const halves: Schedule = { kind: "step", rate: 1, every: 0.5, factor: 0.1 };
    expect([0, 1, 2, 3].map((step) => rate(halves, 0, step))).toEqual([1, 1, 0.1, 0.1]);
  });
});

describe("a cosine", () => {
  const schedule: Schedule = { kind: "cosine", rate: 1, final: 0.2 };

  test("goes from the rate over the middle to the final rate", () => {
    expect(rate(schedule, 0)).toBe(1);
    expect(rate(schedule, 2, 2)).toBeCloseTo(0.6 + 0.4 * Math.SQRT1_2, 12); // a quarter: cos(π/4)
    expect(rate(schedule, 5)).toBeCloseTo(0.6, 12);
    expect(rate(schedule, EPOCHS)).toBeCloseTo(0.2, 12); // would be the step after the last
    expect(rate({ kind: "cosine", rate: 1 }, EPOCHS)).toBeCloseTo(0, 12);
  });

  test("never rises", () => {
    const rates = Array.from({ length: EPOCHS * STEPS }, (_, step) => rateAt(schedule, step, STEPS, EPOCHS));
    rates.slice(1).forEach((later, i) => expect(later).toBeLessThan(rates[i]));
  });
});

describe("a warm-up", () => {
  test("climbs in equal steps from the first to the rate, and is then over", () => {
    const schedule: Schedule = { kind: "constant", rate: 0.8, warmup: 2 };
    const rates = Array.from({ length: 10 }, (_, step) => rateAt(schedule, step, STEPS, EPOCHS));
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8].forEach((expected, step) =>
      expect(rates[step]).toBeCloseTo(expected, 12),
    );
  });

  test("delays the cosine, which still ends with the last epoch", () => {
    const schedule: Schedule = { kind: "cosine", rate: 1, warmup: 2 };
    expect(rate(schedule, 1, STEPS - 1)).toBe(1);
    expect(rate(schedule, 2)).toBe(1);
    expect(rate(schedule, 6)).toBeCloseTo(0.5, 12);
    expect(rate(schedule, EPOCHS)).toBeCloseTo(0, 12);
  });

  test("of a fraction of an epoch ends within it", () => {
    const schedule: Schedule = { kind: "constant", rate: 1, warmup: 0.5 };
    expect([0, 1, 2].map((step) => rate(schedule, 0, step))).toEqual([0.5, 1, 1]);
  });

  test("never gives a rate of zero or above the schedule's", () => {
    const warm = fc.double({ min: 0, max: 9.99, noNaN: true });
    fc.assert(
      fc.property(warm, fc.nat({ max: EPOCHS * STEPS - 1 }), (warmup, step) => {
        const found = rateAt({ kind: "cosine", rate: 0.7, final: 0.01, warmup }, step, STEPS, EPOCHS);
        expect(found).toBeGreaterThan(0);
        expect(found).toBeLessThanOrEqual(0.7);
      }),
    );
  });
});

test("a training follows its schedule, and records the rate of every epoch's last step", async () => {
  const model = await train(
    { x: [[0], [1], [2], [3]], y: [0, 1, 0, 1] },
    {
      engine: "reference",
      solver: "sgd",
      batchSize: 2,
      epochs: 4,
      learningRate: { kind: "step", rate: 0.8, every: 2, factor: 0.25, warmup: 1 },
    },
  );
  expect(model.history.map(({ learningRate }) => learningRate)).toEqual([0.8, 0.8, 0.2, 0.2]);
});
