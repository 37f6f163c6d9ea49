/** Tests whole trainings: seeds, progress, validation, weights, rules and divergence. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  DeviceError,
  DivergenceError,
  type Progress,
  type SoftmaxModel,
  type TrainOptions,
  train,
  trainer,
} from "../../../src/index.js";
import { distance, norm } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";
import { rejection, slowClock } from "../../support/fits.js";

const reference = { engine: "reference" } as const;
const { x, y, features } = clouds(120, 4, 3, 0.8);
const data = { x, y, features };
const other = clouds(60, 4, 3, 0.8, 2);

const fit = (options: TrainOptions<number> = {}) =>
  train(data, { ...reference, solver: "adam", batchSize: 16, epochs: 4, ...options });

function bits(model: SoftmaxModel<number>): Uint32Array {
  return new Uint32Array(Float32Array.from([...model.weights, ...model.bias]).buffer);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** WebGPU on a machine without a GPU. */
const NO_ADAPTER = { requestAdapter: async () => null };

test.each(["fused", "tiled"])(
  "kernels pinned to %s are the engine's alone: a dense Hessian in f64 still certifies",
  async (kernels) => {
    const model = await train(data, { engine: "wasm", solver: "lbfgs", kernels, tolerance: 1e-9 });
    expect(model.engine.kernels).toBe(kernels);
    expect(model.converged).toBe(true);
  },
);

describe("the same seed", () => {
  test.each(["sgd", "adam", "adamw"] as const)(
    "gives the same bits, and another seed others: %s",
    async (solver) => {
      const [one, again, another] = await Promise.all([3, 3, 4].map((seed) => fit({ solver, seed })));
      expect(bits(again)).toEqual(bits(one));
      expect(bits(another)).not.toEqual(bits(one));
    },
  );

  test("sets the same rows aside for validation", async () => {
    const losses = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const model = await fit({ seed, validation: 0.25, shuffle: false });
        return model.history[0].validation?.loss;
      }),
    );
    expect(losses[0]).toBeGreaterThan(0);
    expect(losses[1]).toBe(losses[0]);
    expect(losses[2]).not.toBe(losses[0]);
  });

  test("does not matter where nothing is drawn", async () => {
    const [one, another] = await Promise.all([1, 2].map((seed) => fit({ seed, shuffle: false })));
    expect(bits(another)).toEqual(bits(one));
  });
});

describe("shuffling", () => {
  test("is on by default, and changes the order in every epoch", async () => {
    const byDefault = await fit();
    expect(bits(await fit({ shuffle: true }))).toEqual(bits(byDefault));
    expect(bits(await fit({ shuffle: false }))).not.toEqual(bits(byDefault));
  });
});

describe("progress", () => {
  test("rises to the end: iterations, examples and fraction, which ends at 1", async () => {
    const reports: Progress[] = [];
    const model = await fit({ onProgress: (progress) => reports.push(progress), validation: 0.25 });
    const steps = 4 * Math.ceil(90 / 16);
    expect(reports.length).toBeGreaterThanOrEqual(4);
    reports.slice(1).forEach((later, i) => {
      expect(later.iteration).toBeGreaterThan(reports[i].iteration);
      expect(later.fraction).toBeGreaterThan(reports[i].fraction);
      expect(later.elapsed).toBeGreaterThanOrEqual(reports[i].elapsed);
      expect(later.epoch).toBeGreaterThanOrEqual(reports[i].epoch);
    });
    const last = reports.at(-1);
    expect(last).toMatchObject({ iteration: steps, epoch: 4, examples: 4 * 90, fraction: 1 });
    expect(last?.validation).toEqual(model.history[3].validation);
    expect(model.iterations).toBe(steps);
    for (const { loss, accuracy, examplesPerSecond } of reports) {
      expect(loss).toBeGreaterThan(0);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(1);
      expect(examplesPerSecond).toBeGreaterThan(0);
    }
  });

  test("has a fraction that never falls and is 1 at the end alone, also where the gradient is small before F is near", async () => {
    slowClock();
    const reports: Progress[] = [];
    const onProgress = (progress: Progress) => reports.push(progress);
    await train(data, { ...reference, solver: "lbfgs", tolerance: 1e-6, onProgress });
    const early = reports.slice(0, -1);
    expect(early.some(({ gradientMax }) => Number(gradientMax) <= 1e-6)).toBe(true);
    for (const { fraction } of early) expect(fraction).toBeLessThan(1);
    const fractions = reports.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });

  test("comes within an epoch too when the epoch is long", async () => {
    slowClock();
    const reports: Progress[] = [];
    await fit({ batchSize: 4, epochs: 1, onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBeGreaterThan(2);
    expect(reports[0].fraction).toBeLessThan(1);
    expect(reports.at(-1)?.fraction).toBe(1);
    const examples = reports.map((report, i) => report.examples - (reports[i - 1]?.examples ?? 0));
    const loss = reports.reduce((sum, report, i) => sum + report.loss * examples[i], 0) / 120;
    const { history } = await fit({ batchSize: 4, epochs: 1 });
    expect(loss).toBeCloseTo(history[0].loss, 12); // each report covers all steps since the last
  });

  test("is what the caller's loop gets, and the model is the generator's return value", async () => {
    const run = trainer(data, { ...reference, solver: "adam", epochs: 2, batchSize: 60 });
    const fractions: number[] = [];
    for await (const { fraction } of run) fractions.push(fraction);
    expect(fractions.at(-1)).toBe(1);
    expect(run.model.history).toHaveLength(2);

    const steps = trainer(data, { ...reference, solver: "adam", epochs: 2, batchSize: 60 })[
      Symbol.asyncIterator
    ]();
    let step = await steps.next();
    while (!step.done) step = await steps.next();
    expect(bits(step.value)).toEqual(bits(run.model));
  });
});

describe("the history", () => {
  test("has one record an epoch, with the loss of the running epoch before each of its updates", async () => {
    const model = await fit({ epochs: 5 });
    expect(model.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
    const whole = await train(data, { ...reference, solver: "gd", epochs: 2 });
    expect(whole.history[0].loss).toBeCloseTo(Math.log(3), 12); // before the first update all weights are 0
    expect(whole.history[0].accuracy).toBeCloseTo(1 / 3, 12); // ties go to the lower index
    const first = await train(data, { ...reference, solver: "gd", epochs: 1 });
    expect(whole.history[1].loss).toBeCloseTo((await first.evaluate(data)).loss, 6);
    expect(whole).toMatchObject({ converged: false, reason: "all 2 epochs are done", iterations: 2 });
  });
});

describe("validation", () => {
  test("by data of its own is what the model scores on it, and is not trained on", async () => {
    const model = await fit({ validation: other });
    const { loss, accuracy } = await model.evaluate(other);
    expect(model.history.at(-1)?.validation?.loss).toBeCloseTo(loss, 6);
    expect(model.history.at(-1)?.validation?.accuracy).toBeCloseTo(accuracy, 12);
    expect(bits(model)).toEqual(bits(await fit()));
  });

  test("by a fraction takes so many rows out of the training", async () => {
    const seen: number[] = [];
    await fit({ validation: 0.1, epochs: 1, onProgress: ({ examples }) => seen.push(examples) });
    expect(seen.at(-1)).toBe(108);
  });

  test("takes no part in class weights: its loss is the plain mean", async () => {
    const model = await fit({ validation: other, classWeight: { 0: 3, 2: 0.5 } });
    expect(model.history.at(-1)?.validation?.loss).toBeCloseTo((await model.evaluate(other)).loss, 6);
  });

  test("may have weights of its own where the training rows have none", async () => {
    const weights = other.y.map((_, row) => row % 4);
    const model = await fit({ validation: { ...other, weights } });
    expect(model.history.at(-1)?.validation?.loss).toBeCloseTo(
      (await model.evaluate({ ...other, weights })).loss,
      6,
    );
    expect(bits(model)).toEqual(bits(await fit()));
  });

  test("by bytes means what the bytes of the training mean", async () => {
    const bytes = { x: Uint8Array.of(0, 1, 2, 3, 4, 5), y: [0, 0, 0, 1, 1, 1], features: 1 };
    const model = await train(
      { ...bytes, scale: 1 },
      { ...reference, solver: "gd", validation: bytes, learningRate: 0.1 },
    );
    expect(model.history.at(-1)?.validation?.loss).toBeCloseTo((await model.evaluate(bytes)).loss, 6);
  });

  test("by floats leaves a model of bytes a model of bytes", async () => {
    const bytes = { x: Uint8Array.of(0, 51, 102, 153, 204, 255), y: [0, 0, 0, 1, 1, 1], features: 1 };
    const floats = { ...bytes, x: Float32Array.from(bytes.x, (byte) => byte / 255) };
    const alone = await train(bytes, { ...reference, solver: "gd" });
    const watched = await train(bytes, { ...reference, solver: "gd", validation: floats });
    expect(watched.scale).toBe(1 / 255);
    expect(distance(watched.logits(bytes.x), alone.logits(bytes.x))).toBeLessThan(1e-5);
  });
});

describe("patience", () => {
  // Few rows of noise in many features: the training overfits at once.
  const noise = clouds(24, 12, 3, 0.1, 5);
  const fresh = clouds(90, 12, 3, 0.1, 6);
  const options = { ...reference, solver: "gd", learningRate: 1, epochs: 200 } as const;

  test("ends the training after so many epochs without a lower loss, with the best epoch's weights", async () => {
    const model = await train(noise, { ...options, validation: fresh, patience: 5 });
    const losses = model.history.map(({ validation }) => validation?.loss ?? Number.NaN);
    const best = losses.indexOf(Math.min(...losses));
    expect(losses).toHaveLength(best + 1 + 5);
    expect(losses.length).toBeLessThan(200);
    expect((await model.evaluate(fresh)).loss).toBeCloseTo(losses[best], 6);
    expect(losses.at(-1)).toBeGreaterThan(losses[best] + 1e-4); // the last epoch's weights would show
    expect(model.reason).toBe(
      `no lower validation loss for 5 epochs; the weights are the best, of epoch ${best + 1}`,
    );

    const exactly = await train(noise, { ...options, epochs: best + 1 });
    expect(bits(model)).toEqual(bits(exactly));
  });

  test("that never ends still gives the best epoch's weights", async () => {
    const model = await train(noise, { ...options, epochs: 40, validation: fresh, patience: 1000 });
    const losses = model.history.map(({ validation }) => validation?.loss ?? Number.NaN);
    expect(losses).toHaveLength(40);
    expect((await model.evaluate(fresh)).loss).toBeCloseTo(Math.min(...losses), 6);
    expect(losses.at(-1)).toBeGreaterThan(Math.min(...losses) + 1e-4);
    expect(model.reason).toContain("all 40 epochs are done; the weights are the best, of epoch");
  });

  test("is needed for that: without it the last epoch's weights are the model's", async () => {
    const model = await train(noise, { ...options, epochs: 40, validation: fresh });
    expect((await model.evaluate(fresh)).loss).toBeCloseTo(
      model.history.at(-1)?.validation?.loss ?? Number.NaN,
      6,
    );
  });
});

describe("class weights", () => {
  const uneven = {
    x: x.slice(0, 40 * features),
    y: y.slice(0, 40).map((label) => (label === 2 ? 0 : label)),
    features,
  };
  const fitUneven = (options: TrainOptions<number>, weights?: number[]) =>
    train({ ...uneven, ...(weights && { weights }) }, { ...reference, solver: "gd", epochs: 20, ...options });
  const count = (label: number) => uneven.y.filter((one) => one === label).length;

  test('that are "balanced" are rows ÷ (classes · rows of the class)', async () => {
    const balanced = await fitUneven({ classWeight: "balanced" });
    const map = new Map([0, 1].map((label) => [label, 40 / (2 * count(label))]));
    expect(bits(await fitUneven({ classWeight: map }))).toEqual(bits(balanced));
    expect(bits(await fitUneven({ classWeight: Object.fromEntries(map) }))).toEqual(bits(balanced));
    expect(bits(await fitUneven({}))).not.toEqual(bits(balanced));
  });

  test("are the weights of the class's rows, also when they are fractions", async () => {
    const byClass = await fitUneven({ classWeight: { 0: 0.3, 1: 2.5 } });
    const byRow = await fitUneven(
      {},
      uneven.y.map((label) => (label === 0 ? 0.3 : 2.5)),
    );
    expect(bits(byClass)).toEqual(bits(byRow));
    expect(distance(byClass.weights, (await fitUneven({})).weights)).toBeGreaterThan(1e-3);
  });

  test("multiply the weights of rows, and are 1 for a class that is not named", async () => {
    const rows = uneven.y.map((_, row) => 1 + (row % 3));
    const both = await fitUneven({ classWeight: { 1: 4 } }, rows);
    const product = await fitUneven(
      {},
      rows.map((weight, row) => weight * (uneven.y[row] === 1 ? 4 : 1)),
    );
    expect(bits(both)).toEqual(bits(product));
  });

  test("find booleans and bigints by their names", async () => {
    const named = { x: [[0], [1], [2]], y: [true, false, true] };
    const options = { ...reference, solver: "gd", epochs: 3 } as const;
    const byName = await train(named, { ...options, classWeight: { true: 3 } });
    const byMap = await train(named, { ...options, classWeight: new Map([[true, 3]]) });
    const byRow = await train({ ...named, weights: [3, 1, 3] }, options);
    expect(byName.weights).toEqual(byRow.weights);
    expect(byMap.weights).toEqual(byRow.weights);
  });
});

describe("the intercept", () => {
  test("is zero when there is to be none, and the weights are other ones", async () => {
    const shifted = { x: x.map((value) => value + 0.5), y: y.map((label) => Math.min(label, 1)), features };
    for (const solver of ["gd", "sgd", "adam", "adamw"] as const) {
      const without = await train(shifted, { ...reference, solver, epochs: 3, intercept: false });
      const withIt = await train(shifted, { ...reference, solver, epochs: 3 });
      expect(without.bias).toEqual(new Float64Array(2));
      expect(norm(withIt.bias)).toBeGreaterThan(1e-3);
      expect(distance(without.weights, withIt.weights)).toBeGreaterThan(1e-6);
    }
  });
});

describe("adamw", () => {
  test("with no decay is adam, and with decay keeps smaller weights and decays no intercept", async () => {
    const adam = await fit({ solver: "adam", epochs: 20 });
    expect(bits(await fit({ solver: "adamw", epochs: 20, weightDecay: 0 }))).toEqual(bits(adam));
    const decayed = await fit({ solver: "adamw", epochs: 20, weightDecay: 10 });
    expect(norm(decayed.weights)).toBeLessThan(0.9 * norm(adam.weights));
    const huge = await train(
      { x: [[1], [1], [1]], y: [0, 0, 1] },
      { ...reference, solver: "adamw", weightDecay: 1000, learningRate: 1e-3, epochs: 1, batchSize: 3 },
    );
    // The first step of Adam is the rate in the gradient's direction; the decay takes off 1000·0.001 of the
    // weights, which are 0 before it.
    expect(huge.bias[0]).toBeCloseTo(1e-3, 6);
  });
});

describe("momentum", () => {
  test("of 0 is plain sgd, and Nesterov's differs from the classical", async () => {
    const plain = await fit({ solver: "sgd" });
    expect(bits(await fit({ solver: "sgd", momentum: 0 }))).toEqual(bits(plain));
    const classical = await fit({ solver: "sgd", momentum: 0.9 });
    const nesterov = await fit({ solver: "sgd", momentum: 0.9, nesterov: true });
    expect(distance(classical.weights, plain.weights)).toBeGreaterThan(1e-2);
    expect(distance(classical.weights, nesterov.weights)).toBeGreaterThan(1e-3);
  });
});

describe("the engine", () => {
  test("is the reference when asked for, and the model says so", async () => {
    const { engine } = await fit();
    expect(engine).toEqual({
      name: "reference",
      adapter: "f64 loops on the CPU",
      kernels: "table",
      why: "engine is reference",
    });
  });

  test('of "webgpu" is a DeviceError where there is no adapter', async () => {
    vi.stubGlobal("navigator", { gpu: NO_ADAPTER });
    const error = await rejection(train(data, { engine: "webgpu" }));
    expect(error).toBeInstanceOf(DeviceError);
    expect(error).toMatchObject({ message: expect.stringContaining("WebGPU has no adapter") });
  });

  test('of "wasm" trains in Node, to what the reference finds', async () => {
    const exact = await fit({ seed: 4 });
    const { engine, weights, parity } = await fit({ seed: 4, engine: "wasm", parity: true });
    expect(engine).toMatchObject({ name: "wasm", why: "engine is wasm" });
    expect(engine.adapter).toMatch(/^WebAssembly, (relaxed )?SIMD, \d+ threads?$/);
    expect(parity?.rho).toBeLessThan(1);
    weights.forEach((weight, i) => expect(weight).toBeCloseTo(exact.weights[i], 3));
  });

  test('of "auto" is wasm for few rows, and the model says why', async () => {
    const { engine, warnings } = await train(data);
    expect(warnings).toEqual([]);
    expect(engine.name).toBe("wasm");
    expect(engine.why).toMatch(/^engine is auto and 120 rows × 4 features × 3 classes are fewer than/);
  });
});

describe("parity", () => {
  test("of the reference with itself is 0, over the captured steps", async () => {
    const model = await fit({ parity: true });
    expect(model.parity).toEqual({
      rho: 0,
      stages: { logits: 0, residual: 0, loss: 0, gradient: 0, update: 0 },
      steps: 4,
      examples: 16 + 16 + 16 + 8,
    });
    expect(bits(model)).toEqual(bits(await fit()));
  });

  test("is left out unless asked for, and takes every step of a short training once", async () => {
    expect((await fit()).parity).toBeUndefined();
    const short = await train(data, { ...reference, solver: "gd", epochs: 2, parity: true });
    expect(short.parity?.steps).toBe(2);
  });
});

describe("a training that diverges", () => {
  test("is a DivergenceError with the step and advice, never a model of nonsense", async () => {
    const run = train(data, { ...reference, solver: "gd", l2: 10, learningRate: 100, epochs: 1000 });
    const error = await rejection(run);
    expect(error).toBeInstanceOf(DivergenceError);
    if (!(error instanceof DivergenceError)) return;
    expect(error.step).toBeGreaterThan(1);
    expect(error.step).toBeLessThan(200);
    expect(error.message).toMatch(
      /^The loss is (NaN|Infinity) at step \d+: the training diverged\. Lower learningRate \(its schedule begins at 100\) or l2 \(10\)/,
    );
    expect(error.message).toContain(`at step ${error.step}:`);
  });

  test("is one too when the loss is still finite but a weight no longer fits an f32", async () => {
    const run = train(data, { ...reference, solver: "gd", l2: 10, learningRate: 100, epochs: 30 });
    await expect(run).rejects.toMatchObject({ name: "DivergenceError", step: 30 });
    await expect(run).rejects.toThrow(/^After step 30 a weight is .* Lower learningRate/);
  });

  test("on the validation rows alone is one too: no NaN is taken for a loss", async () => {
    const vast = { x: other.x.map(() => 3e38), y: other.y, features };
    const run = train(data, { engine: "wasm", solver: "gd", epochs: 3, learningRate: 50, validation: vast });
    await expect(run).rejects.toMatchObject({ name: "DivergenceError", step: 1 });
    await expect(run).rejects.toThrow(/^The validation loss is (NaN|Infinity) after epoch 1/);
  });

  test("keeps none of its weights on an error, and a lower rate converges", async () => {
    const model = await train(data, { ...reference, solver: "gd", l2: 10, learningRate: 0.05, epochs: 100 });
    expect(model.history.at(-1)?.loss).toBeLessThan(Math.log(3));
  });
});
