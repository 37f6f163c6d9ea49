/** Tests the life of a training: driven, aborted, abandoned or failed, and what it reports on the way. */
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  DivergenceError,
  type Progress,
  type SoftmaxModel,
  type TrainOptions,
  TrainerError,
  type Warning,
  sweep,
  train,
  trainer,
} from "../../../src/index.js";
import { Callbacks } from "../../../src/train/callbacks.js";
import { Warnings } from "../../../src/core/warnings.js";
import { norm } from "../../support/arrays.js";
import { clouds } from "../../support/examples.js";
import { rejection, slowClock } from "../../support/fits.js";
import { untypedTrain } from "../../support/untyped.js";

const reference = { engine: "reference" } as const;
const { x, y, features } = clouds(120, 4, 3, 0.8);
const data = { x, y, features };
const GD = { ...reference, solver: "gd", learningRate: 0.1 } as const;
const SOLVERS = ["lbfgs", "newton", "gd", "adam"] as const;

function numbers(model: SoftmaxModel<number>): number[] {
  return [...model.weights, ...model.bias];
}

/** Options that abort at the report of the end of `epoch`, which may be an iteration. */
function abortingIn(epoch: number, reason?: unknown): TrainOptions<number> {
  const controller = new AbortController();
  const onProgress = (progress: Progress) => {
    if (progress.epoch === epoch) controller.abort(reason);
  };
  return { ...GD, epochs: 1000, onProgress, signal: controller.signal };
}

/** Runs a trainer to its end and returns the error that it ended with, if any. */
async function ending(run: AsyncIterable<Progress>): Promise<unknown> {
  try {
    for await (const _ of run);
  } catch (error) {
    return error;
  }
  return undefined;
}

afterEach(() => vi.restoreAllMocks());

describe("a trainer", () => {
  test("trains once: starting it twice is a TrainerError", async () => {
    const run = trainer(data, { ...GD, epochs: 1 });
    for await (const _ of run);
    expect(() => run[Symbol.asyncIterator]()).toThrow(TrainerError);
    expect(() => run[Symbol.asyncIterator]()).toThrow("was started before");
    expect(run.model.history).toHaveLength(1);
  });

  test("cannot be started again while it is running, and has no model yet", async () => {
    const run = trainer(data, { ...GD, epochs: 3 });
    expect(() => run.model).toThrow(TrainerError);
    const steps = run[Symbol.asyncIterator]();
    await steps.next();
    expect(() => run[Symbol.asyncIterator]()).toThrow(TrainerError);
    expect(() => run.model).toThrow("There is no model yet");
  });

  test("goes on only when asked", async () => {
    const reports = vi.fn<(progress: Progress) => void>();
    const steps = trainer(data, { ...GD, epochs: 3, onProgress: reports })[Symbol.asyncIterator]();
    expect(reports).not.toHaveBeenCalled();
    await steps.next();
    expect(reports).toHaveBeenCalledTimes(1);
  });
});

describe("a loop that is left", () => {
  test.each(SOLVERS)("keeps the weights so far: %s", async (solver) => {
    slowClock(); // makes every iteration report
    const run = trainer(data, { ...reference, solver, ...(solver === "gd" && { epochs: 9 }) });
    let last: Progress | undefined;
    for await (const progress of run) {
      last = progress;
      if (progress.iteration >= 2) break;
    }
    expect(run.model.iterations).toBe(last?.iteration);
    expect(run.model.reason).toMatch(/^aborted after (step|iteration) \d/);
    expect(norm(run.model.weights)).toBeGreaterThan(0.01);
  });

  test("has the same weights as a training of as many epochs", async () => {
    const run = trainer(data, { ...GD, epochs: 1000 });
    for await (const { epoch } of run) if (epoch === 3) break;
    expect(numbers(run.model)).toEqual(numbers(await train(data, { ...GD, epochs: 3 })));
    expect(run.model.history).toHaveLength(3);
  });

  test("by an error keeps them too, and the error is the caller's own", async () => {
    const run = trainer(data, { ...GD, epochs: 9 });
    const own = new Error("mine");
    const error = await rejection(
      (async () => {
        for await (const { epoch } of run) if (epoch === 2) throw own;
      })(),
    );
    expect(error).toBe(own);
    expect(run.model.iterations).toBe(2);
  });

  test("before the first iteration has no model, and says so", async () => {
    const run = trainer(data, reference);
    for await (const { iteration } of run) {
      expect(iteration).toBe(0);
      break;
    }
    expect(() => run.model).toThrow(TrainerError);
    expect(() => run.model).toThrow("before the first iteration: there is no model");
  });

  test("gives the engine back: the next training runs as if nothing had been", async () => {
    for (let n = 0; n < 3; n++) {
      const run = trainer(data, { engine: "wasm", solver: "lbfgs" });
      for await (const _ of run) break;
    }
    expect((await train(data, { engine: "wasm" })).converged).toBe(true);
  });
});

describe("an aborted training", () => {
  test("that was aborted before it began rejects with the signal's reason and does nothing", async () => {
    const onProgress = vi.fn<(progress: Progress) => void>();
    const reason = new Error("changed my mind");
    for (const one of [reason, "early", null]) {
      const run = trainer(data, { ...GD, signal: AbortSignal.abort(one), onProgress });
      expect(await ending(run)).toBe(one);
      expect(() => run.model).toThrow("before the first iteration: there is no model");
    }
    expect(onProgress).not.toHaveBeenCalled();
  });

  test.each([
    { kind: "an error", reason: new Error("enough") },
    { kind: "a string", reason: "stop" },
    { kind: "a number", reason: 0 },
    { kind: "a frozen object", reason: Object.freeze({ code: 7 }) },
  ])("rejects with the signal's very reason, untouched: $kind", async ({ reason }) => {
    const before = JSON.stringify(reason);
    const options = abortingIn(3, reason);
    expect(await rejection(train(data, options))).toBe(reason);
    expect(JSON.stringify(reason)).toBe(before);
    expect(reason).not.toHaveProperty("model");
  });

  test("without a reason rejects with the DOM's AbortError", async () => {
    const error = await rejection(train(data, abortingIn(1)));
    expect(error).toBeInstanceOf(DOMException);
    expect(error).toMatchObject({ name: "AbortError" });
  });

  test("leaves the weights so far on the trainer", async () => {
    const run = trainer(data, abortingIn(3, "enough"));
    expect(await ending(run)).toBe("enough");
    const exactly = await train(data, { ...GD, epochs: 3 });
    expect(numbers(run.model)).toEqual(numbers(exactly));
    expect(run.model.reason).toBe("aborted after step 3, in epoch 3");
    expect(run.model.predict(data.x)).toHaveLength(120);
  });

  test.each(["lbfgs", "newton"] as const)("leaves them for %s too", async (solver) => {
    slowClock();
    const controller = new AbortController();
    const run = trainer(data, {
      ...reference,
      solver,
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration >= 2 && controller.abort("enough"),
    });
    expect(await ending(run)).toBe("enough");
    expect(run.model.iterations).toBeGreaterThanOrEqual(2);
    expect(norm(run.model.weights)).toBeGreaterThan(0.01);
  });

  test("one signal for several trainings: each keeps its own weights", async () => {
    const controller = new AbortController();
    const sizes = [4, 7, 10];
    const runs = sizes.map((width) =>
      trainer(clouds(60, width, 3, 0.5), { ...GD, epochs: 100_000, signal: controller.signal }),
    );
    const endings = runs.map(ending);
    setTimeout(() => controller.abort(), 50);
    const errors = await Promise.all(endings);
    expect(new Set(errors)).toEqual(new Set([controller.signal.reason]));
    expect(runs.map((run) => run.model.features)).toEqual(sizes);
    expect(controller.signal.reason).not.toHaveProperty("model");
  });

  test("stops within an epoch, not at its end", async () => {
    slowClock();
    const controller = new AbortController();
    const onProgress = () => controller.abort("now");
    const run = trainer(data, {
      ...reference,
      solver: "adam",
      batchSize: 4,
      signal: controller.signal,
      onProgress,
    });
    expect(await ending(run)).toBe("now");
    expect(run.model.iterations).toBeLessThan(30);
    expect(run.model.history).toHaveLength(0);
  });

  test("hears a signal that fires by itself", async () => {
    const run = trainer(clouds(6000, 60, 10, 0.5), {
      ...reference,
      solver: "adam",
      batchSize: 8,
      epochs: 100,
      signal: AbortSignal.timeout(50),
    });
    expect(await ending(run)).toMatchObject({ name: "TimeoutError" });
  });

  test("stops listening to the signal when it has ended", async () => {
    const { signal } = new AbortController();
    const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")];
    await train(data, { ...GD, epochs: 1, signal });
    await sweep(data, { ...reference, C: [1], folds: 2, signal });
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  test("hears a signal of another realm, by what it does", async () => {
    const listeners = new Set<() => void>();
    const foreign = {
      [Symbol.toStringTag]: "AbortSignal",
      aborted: false,
      reason: undefined as unknown,
      addEventListener: (_: string, listener: () => void) => listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => listeners.delete(listener),
    };
    const abort = ({ epoch }: Progress) => {
      if (epoch !== 2) return;
      Object.assign(foreign, { aborted: true, reason: "elsewhere" });
      for (const listener of listeners) listener();
    };
    const options = { ...GD, epochs: 1000, signal: foreign, onProgress: abort };
    expect(await rejection(untypedTrain(data, options))).toBe("elsewhere");
    expect(listeners.size).toBe(0);
    const aborted = { ...reference, C: [1, 2], folds: 2, signal: foreign };
    expect(await rejection(Reflect.apply(sweep, undefined, [data, aborted]))).toBe("elsewhere");
  });
});

describe("a training that fails", () => {
  test("has no model, and the trainer says why", async () => {
    const run = trainer(data, { ...reference, solver: "gd", l2: 10, learningRate: 100, epochs: 1000 });
    expect(await ending(run)).toBeInstanceOf(DivergenceError);
    expect(() => run.model).toThrow(TrainerError);
    expect(() => run.model).toThrow("There is no model: the training failed. The loss is");
  });
});

describe("a callback", () => {
  const soon = async (error: unknown) => {
    throw error;
  };
  const late = (error: unknown) => new Promise<void>((_, reject) => setTimeout(() => reject(error), 5));

  test.each(SOLVERS)("that throws rejects the training, which keeps its weights: %s", async (solver) => {
    slowClock();
    const own = new Error("mine");
    const onProgress = ({ iteration }: Progress) => {
      if (iteration >= 2) throw own;
    };
    const run = trainer(data, { ...reference, solver, onProgress });
    expect(await ending(run)).toBe(own);
    expect(run.model.iterations).toBeGreaterThanOrEqual(2);
  });

  test.each([
    { when: "at once", fail: soon },
    { when: "later", fail: late },
  ])("that rejects $when rejects the training, and nothing else", async ({ fail }) => {
    const own = new Error("mine");
    const calls = vi.fn<() => void>();
    const options = { ...GD, epochs: 20_000, onProgress: () => (calls(), fail(own)) };
    expect(await rejection(train(data, options))).toBe(own);
    expect(calls.mock.calls.length).toBeLessThan(20_000);
  });

  test("that rejects after the last report rejects the training too", async () => {
    const own = new Error("mine");
    expect(await rejection(train(data, { ...GD, epochs: 1, onProgress: () => late(own) }))).toBe(own);
  });

  test("that rejects rejects a sweep", async () => {
    const own = new Error("mine");
    const options = { ...reference, C: [0.1, 1], folds: 3 };
    expect(await rejection(sweep(data, { ...options, onProgress: () => soon(own) }))).toBe(own);
    const last = ({ fraction }: { fraction: number }) => (fraction === 1 ? late(own) : undefined);
    expect(await rejection(sweep(data, { ...options, onProgress: last }))).toBe(own);
  });

  test("that is asynchronous is not waited for until the end", async () => {
    let ended = 0;
    const onProgress = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended++;
    };
    const steps = trainer(data, { ...GD, epochs: 3, onProgress })[Symbol.asyncIterator]();
    for (let n = 0; n < 3; n++) await steps.next();
    expect(ended).toBe(0);
    await steps.next();
    expect(ended).toBe(3);
  });

  test("may return what is no promise", () => {
    const callbacks = new Callbacks();
    for (const result of [undefined, null, 7, {}, []]) callbacks.call(() => result, 1);
    expect(() => callbacks.check()).not.toThrow();
  });
});

describe("warnings", () => {
  test("of a training that has not converged are the model's, and are heard", async () => {
    const heard: Warning[] = [];
    const model = await train(data, { ...reference, maxIterations: 1, onWarning: (one) => heard.push(one) });
    expect(model.converged).toBe(false);
    expect(model.warnings).toEqual([
      { code: "not-converged", message: expect.stringContaining("all 1 iterations are done") },
    ]);
    expect(heard).toEqual(model.warnings);
  });

  test("are none where nothing is worth saying", async () => {
    const onWarning = vi.fn<() => void>();
    expect((await train(data, { ...reference, onWarning })).warnings).toEqual([]);
    expect((await train(data, { ...GD, epochs: 2, onWarning })).warnings).toEqual([]);
    const patient = { ...reference, validation: 0.3, patience: 1, tolerance: 1e-12, onWarning };
    expect((await train(data, patient)).warnings).toEqual([]);
    expect(onWarning).not.toHaveBeenCalled();
  });

  test("of the last fit of a sweep are its model's", async () => {
    const heard: Warning[] = [];
    const options = { ...reference, C: [1], folds: 2, maxIterations: 1, tolerance: 1e-9 };
    const { model } = await sweep(data, { ...options, onWarning: (one) => heard.push(one) });
    expect(model.warnings.map(({ code }) => code)).toEqual(["not-converged"]);
    expect(heard).toEqual(model.warnings);
  });

  test("that are thrown at reject the training", async () => {
    const own = new Error("mine");
    const onWarning = async () => {
      throw own;
    };
    expect(await rejection(train(data, { ...reference, maxIterations: 1, onWarning }))).toBe(own);
    const thrown = () => {
      throw own;
    };
    expect(await rejection(train(data, { ...reference, maxIterations: 1, onWarning: thrown }))).toBe(own);
  });

  test("are raised once in the same words", () => {
    const warnings = new Warnings();
    warnings.raise("a", "one");
    warnings.raise("a", "one");
    warnings.raise("a", "two");
    expect(warnings.raised.map(({ message }) => message)).toEqual(["one", "two"]);
  });
});
