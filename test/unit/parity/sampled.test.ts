/**
 * Tests parity of steps too large to be replayed whole: a sample must still tell correct f32 from wrong
 * kernels, in bounded time.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Progress, type TrainOptions, train } from "../../../src/index.js";
import { randomIntegers } from "../../../src/core/random.js";
import type { Passes } from "../../../src/engine/descent.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { parityOf } from "../../../src/parity/step.js";
import { STEP_STAGES, type Parity, type Stage } from "../../../src/parity/stages.js";
import { sample, sampledParity } from "../../../src/parity/sampled.js";
import { Stopwatch } from "../../../src/core/stopwatch.js";
import { RULES, factorsOf, offset, randomRows, randomWeights, runAll } from "../../conformance/problems.js";
import { clouds } from "../../support/examples.js";
import { slowClock } from "../../support/fits.js";
import { type Fault, inSingle } from "../../support/single.js";

const SHAPE = { count: 2000, features: 200, classes: 20 };
const { count: N, features: D, classes: K } = SHAPE;
const rows = randomRows(SHAPE, "f32", 3);
const problem = { classes: K, intercept: true, rule: RULES["momentum"], batchSize: N };
const { results } = await runAll(referenceEngine(), rows, problem, randomWeights(SHAPE, 4, 0.05));
const [whole] = results.flatMap(({ passes }) => passes ?? []);

function above({ stages }: Parity): Stage[] {
  return STEP_STAGES.filter((stage) => !((stages[stage] ?? Number.NaN) <= 1));
}

afterEach(() => vi.restoreAllMocks());

describe("a sample of a step", () => {
  test("is of 256 rows, and finds nothing wrong with the reference", async () => {
    expect(await sampledParity(whole, rows, problem)).toEqual({
      rho: 0,
      stages: { logits: 0, residual: 0, loss: 0, gradient: 0, update: 0 },
      steps: 1,
      examples: 256,
    });
  });

  test("of honest f32 is below 1 at every stage, and not 0", async () => {
    const { stages, rho } = await sampledParity(inSingle(whole, rows, problem), rows, problem);
    for (const stage of STEP_STAGES) {
      expect(stages[stage]).toBeGreaterThan(0);
      expect(stages[stage]).toBeLessThan(1);
    }
    expect(rho).toBe(Math.max(...Object.values(stages)));
  });

  test("has the offsets of its rows and the penalty factors of its weights", async () => {
    const [added, penaltyFactors] = [offset(rows, K, 5), factorsOf(D)];
    const adjusted = { ...problem, penaltyFactors };
    const ran = await runAll(referenceEngine(), added, adjusted, randomWeights(SHAPE, 4, 0.05));
    const [passes] = ran.results.flatMap((one) => one.passes ?? []);
    expect((await sampledParity(passes, added, adjusted)).rho).toBe(0);
    expect(above(await sampledParity(passes, rows, adjusted))).toEqual(["logits"]);
    expect(above(await sampledParity(passes, added, problem))).toEqual(["update"]);
    const shifted = {
      ...adjusted,
      penaltyFactors: penaltyFactors.map((_, d) => penaltyFactors[(d + 1) % D]),
    };
    expect(above(await sampledParity(passes, added, shifted))).toEqual(["update"]);
  });

  const dropped = ({ rows: batch, residual, gradient }: Passes, first: number, past: number) => {
    for (let n = first; n < past; n++) {
      for (let i = 0; i < gradient.length; i++) {
        const d = Math.floor(i / K);
        gradient[i] -= (d < D ? rows.x[batch[n] * D + d] : 1) * residual[n * K + (i % K)];
      }
    }
  };

  test.each<{ fault: string; stages: Stage[]; make: Fault }>([
    {
      fault: "the last row's logits are off, as of a tail that is left out",
      stages: ["logits"],
      make: { logits: ({ logits }) => logits.fill(0, (N - 1) * K) },
    },
    {
      fault: "the last feature is not multiplied",
      stages: ["logits"],
      make: {
        logits: ({ rows: batch, before, logits }) =>
          batch.forEach((row, n) => {
            for (let k = 0; k < K; k++)
              logits[n * K + k] -= rows.x[row * D + D - 1] * before.weights[(D - 1) * K + k];
          }),
      },
    },
    {
      fault: "every 64th row's logits are another row's",
      stages: ["logits"],
      make: {
        logits: ({ logits }) => {
          for (let n = 64; n < N; n += 64) logits.copyWithin(n * K, 0, K);
        },
      },
    },
    {
      fault: "the weights of the rows are ignored",
      stages: ["residual", "loss"],
      make: {
        residual: ({ rows: batch, residual, losses }) =>
          batch.forEach((row, n) => {
            const weight = rows.weights?.[row] ?? 1;
            if (weight === 0) return;
            for (let k = 0; k < K; k++) residual[n * K + k] /= weight;
            losses[n] /= weight;
          }),
      },
    },
    {
      fault: "losses are those of the next row",
      stages: ["loss"],
      make: { residual: ({ losses }) => losses.copyWithin(0, 1) },
    },
    {
      fault: "a block of 64 rows is left out of the gradient",
      stages: ["gradient"],
      make: { gradient: (passes) => dropped(passes, 640, 704) },
    },
    {
      fault: "a tile of 4 features × 4 classes of the gradient is zero",
      stages: ["gradient"],
      make: {
        gradient: ({ gradient }) => {
          for (let d = 100; d < 104; d++) gradient.fill(0, d * K + 8, d * K + 12);
        },
      },
    },
    {
      fault: "the intercept's gradient is zero",
      stages: ["gradient"],
      make: { gradient: ({ gradient }) => gradient.fill(0, D * K) },
    },
    {
      fault: "the intercept is penalised, and ten times so",
      stages: ["update"],
      make: {
        update: ({ before, after, step }) => {
          for (let k = 0; k < K; k++)
            after.weights[D * K + k] -= 10 * step.learningRate * step.penalty * before.weights[D * K + k];
        },
      },
    },
    {
      fault: "the last weight is not updated",
      stages: ["update"],
      make: { update: ({ before, after }) => (after.weights[D * K - 1] = before.weights[D * K - 1]) },
    },
  ])("shows when $fault", async ({ stages, make }) => {
    const parity = await sampledParity(inSingle(whole, rows, problem, make), rows, problem);
    expect(above(parity)).toEqual(stages);
    expect(parity.rho).toBeGreaterThan(1);
  });

  test("takes what is not a number for infinitely wrong", async () => {
    const gradient = Float64Array.from(whole.gradient).fill(Number.NaN, D * K);
    expect((await sampledParity({ ...whole, gradient }, rows, problem)).stages.gradient).toBe(Infinity);
  });

  test("lets the event loop have its turns", async () => {
    let [turns, done] = [0, false];
    const turn = () => {
      turns++;
      if (!done) setTimeout(turn);
    };
    setTimeout(turn);
    await sampledParity(whole, rows, problem);
    done = true;
    expect(turns).toBeGreaterThan(1);
  });

  test("of many weights is bounded too, in rows and in elements", async () => {
    const wide = { count: 300, features: 2000, classes: 40 };
    const data = randomRows(wide, "bytes", 5);
    const of = { classes: 40, intercept: true, rule: RULES["adam"], batchSize: 300 };
    const ran = await runAll(referenceEngine(), data, of, randomWeights(wide, 6, 0.01));
    const [passes] = ran.results.flatMap((result) => result.passes ?? []);
    const parity = await sampledParity(passes, data, of);
    expect(parity).toMatchObject({ rho: 0, steps: 1 });
    expect(parity.examples).toBe(210);
  });

  test("of few rows is all of them", async () => {
    const small = { count: 60, features: 5, classes: 3 };
    const data = randomRows(small, "f32", 5);
    const of = { classes: 3, intercept: true, rule: RULES["sgd"], batchSize: 20 };
    const ran = await runAll(referenceEngine(), data, of, randomWeights(small, 6));
    for (const { passes } of ran.results) {
      if (!passes) throw new Error("The step was not captured.");
      const single = inSingle(passes, data, of);
      expect(await sampledParity(single, data, of)).toEqual(parityOf(single, data, of));
    }
  });
});

describe("what is sampled", () => {
  test("is in order, without repetition, as many as asked for, and has the last", () => {
    const random = randomIntegers(1);
    for (let n = 0; n < 300; n++) {
      const [count, most, turn] = [1 + (random() % 5000), 1 + (random() % 300), random() % 1000];
      const chosen = [...sample(count, most, turn)];
      expect(chosen).toHaveLength(Math.min(count, most));
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
      expect(chosen.at(-1)).toBe(count - 1);
      expect(chosen[0]).toBeGreaterThanOrEqual(0);
    }
  });

  test("is something else in another step", () => {
    const seen = new Set([1, 2, 3, 4].flatMap((turn) => [...sample(60_000, 256, turn)]));
    expect(seen.size).toBeGreaterThan(1000);
  });

  test("is nothing of nothing", () => expect(sample(0, 8, 1)).toHaveLength(0));
});

describe("the time that parity takes", () => {
  test("is on no stopwatch", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const clock = new Stopwatch();
    now += 10;
    await clock.pausedFor(async () => {
      now += 1000;
    });
    now += 5;
    expect(clock.milliseconds).toBe(15);
    await expect(
      clock.pausedFor(async () => {
        now += 100;
        throw new Error("failed");
      }),
    ).rejects.toThrow("failed");
    expect(clock.milliseconds).toBe(15);
  });

  test.each<{ options: TrainOptions<number>; count: number }>([
    { options: { solver: "gd", epochs: 6 }, count: 3000 },
    { options: { solver: "lbfgs", maxIterations: 20, tolerance: 1e-9 }, count: 500 },
    { options: { solver: "newton", maxIterations: 20, tolerance: 1e-9 }, count: 500 },
  ])("is not in a training's: $options.solver", async ({ options, count }) => {
    const data = clouds(count, 40, 10, 0.2);
    const last = async (parity: boolean): Promise<{ progress: Progress; elapsed: number }> => {
      slowClock(); // each reading takes 5 ms, so those of the checks would add up
      const reports: Progress[] = [];
      const model = await train(data, {
        engine: "reference",
        ...options,
        parity,
        onProgress: (progress) => reports.push(progress),
      });
      vi.restoreAllMocks();
      expect(model.parity?.rho).toBe(parity ? 0 : undefined);
      const progress = reports.at(-1);
      if (!progress) throw new Error("There was no report.");
      return { progress, elapsed: model.history.at(-1)?.elapsed ?? Number.NaN };
    };
    const [plain, checked] = [await last(false), await last(true)];
    // A check reads the clock once when it starts and once when it ends.
    const looks = 0.005 * 4 * 2;
    expect(checked.progress.elapsed).toBeLessThanOrEqual(plain.progress.elapsed + looks);
    expect(checked.elapsed).toBeLessThanOrEqual(plain.elapsed + looks);
  });
});
