/** Tests runtimes in Node: closing them before, during and between trainings, and replacing their engines. */
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { range } from "../../../src/core/random.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { EngineRuntime } from "../../../src/engine/runtime.js";
import {
  type Runtime,
  RuntimeClosedError,
  createRuntime,
  sweep,
  train,
  trainer,
} from "../../../src/index.js";
import { randomRows } from "../../conformance/problems.js";
import { rejection } from "../../support/fits.js";

/** Threads that engines started, recorded when they call `unref`. */
const started: Worker[] = [];
const { unref } = Worker.prototype;
Worker.prototype.unref = function (this: Worker) {
  if (!started.includes(this)) started.push(this);
  unref.call(this);
};
const living = () => started.filter(({ threadId }) => threadId !== -1).length;

const x = Array.from({ length: 600 }, (_, n) => [n % 7, n % 11]);
const data = { x, y: x.map(([a, b]) => (a > b ? "more" : "less")) };
const WHILE_USED = /^The runtime was closed while work used it: close it once/;
const BEFORE = /^The runtime, or the predictor, is closed: use another, or leave the option runtime out\.$/;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a runtime that is closed", () => {
  test("ends its threads, and leaves those of other runtimes", async () => {
    const [one, other] = [createRuntime(), createRuntime()];
    await train(data, { runtime: one, engine: "wasm" });
    const ofOne = living();
    expect(ofOne).toBeGreaterThan(0);
    await train(data, { runtime: other, engine: "wasm" });
    expect(living()).toBe(2 * ofOne);
    await one.close();
    await vi.waitFor(() => expect(living()).toBe(ofOne));
    await train(data, { runtime: other, engine: "wasm" });
    expect(living()).toBe(ofOne); // its threads were kept
    await other.close();
    await vi.waitFor(() => expect(living()).toBe(0));
  });

  test.each(["auto", "webgpu", "wasm", "reference"] as const)("opens no engine: %s", async (engine) => {
    const runtime = createRuntime();
    await runtime.close();
    const error = await rejection(train(data, { runtime, engine }));
    expect(error).toBeInstanceOf(RuntimeClosedError);
    expect(error).toMatchObject({ name: "RuntimeClosedError", message: expect.stringMatching(BEFORE) });
  });

  test("is closed once, however often it is asked to", async () => {
    const close = vi.fn<() => void>();
    const runtime = new EngineRuntime({ wasm: async () => ({ open: async () => referenceEngine(), close }) });
    await train(data, { runtime, engine: "wasm" });
    await Promise.all([runtime.close(), runtime.close()]);
    await runtime.close();
    expect(close).toHaveBeenCalledTimes(1);
  });

  test("may be closed by await using", async () => {
    let kept: Runtime | undefined;
    {
      await using runtime = createRuntime();
      await train(data, { runtime, engine: "wasm" });
      kept = runtime;
    }
    await expect(train(data, { runtime: kept })).rejects.toThrow(BEFORE);
    await vi.waitFor(() => expect(living()).toBe(0));
  });

  test("opens none that was asked for before and is still loading", async () => {
    const runtime = new EngineRuntime();
    const opening = rejection(runtime.open("reference"));
    await runtime.close();
    expect(await opening).toMatchObject({ message: expect.stringMatching(BEFORE) });
  });

  test("while an engine opens ends that engine", async () => {
    const runtime = createRuntime();
    const training = rejection(train(data, { runtime, engine: "wasm" }));
    const before = started.length;
    await vi.waitFor(() => expect(started.length).toBeGreaterThan(before), { interval: 0 });
    await runtime.close();
    expect(await training).toMatchObject({
      name: "RuntimeClosedError",
      message: expect.stringMatching(WHILE_USED),
    });
    await vi.waitFor(() => expect(living()).toBe(0));
  });
});

describe("a training whose runtime is closed", () => {
  const kinds = [
    { solver: "adam", epochs: 2000 },
    { solver: "lbfgs", tolerance: 0 },
  ] as const;

  test.each(kinds.flatMap((kind) => [true, false].map((isolated) => ({ ...kind, isolated }))))(
    "ends with an error that says so, and no other engine takes over: $solver, threads: $isolated",
    async ({ isolated, ...kind }) => {
      vi.stubGlobal("crossOriginIsolated", isolated);
      const runtime = createRuntime();
      const training = train(data, { ...kind, runtime, onProgress: () => void runtime.close() });
      const error = await rejection(training);
      expect(error).toBeInstanceOf(RuntimeClosedError);
      expect(error).toHaveProperty("message", expect.stringMatching(WHILE_USED));
      await vi.waitFor(() => expect(living()).toBe(0));
    },
  );

  test.each(kinds)("on the reference engine ends likewise: $solver", async (kind) => {
    const runtime = createRuntime();
    const training = train(data, {
      ...kind,
      runtime,
      engine: "reference",
      onProgress: () => void runtime.close(),
    });
    const error = await rejection(training);
    expect(error).toBeInstanceOf(RuntimeClosedError);
    expect(error).toHaveProperty("message", expect.stringMatching(WHILE_USED));
  });

  test("on the reference engine ends in the middle of a pass", async () => {
    const shape = { count: 200, features: 300, classes: 700 };
    const runtime = new EngineRuntime();
    const engine = await runtime.open("reference");
    const placement = await engine.place(randomRows(shape, "f32", 1));
    const objective = await placement.objective({
      classes: shape.classes,
      intercept: true,
      scale: 1,
      penalties: new Float64Array(shape.features),
      rows: range(shape.count),
    });
    const [w, g] = [objective.space.vector(), objective.space.vector()];
    setTimeout(() => void runtime.close());
    await expect(objective.linearize(w, g)).rejects.toThrow(WHILE_USED);
    objective.setDirection(g);
    await expect(objective.logits()).rejects.toThrow(WHILE_USED);
  });

  test("keeps no thread while its loop waits, and fails when that goes on", async () => {
    const runtime = createRuntime();
    const steps = trainer(data, { runtime, engine: "wasm", solver: "adam", epochs: 2000 })[
      Symbol.asyncIterator
    ]();
    await steps.next();
    await runtime.close();
    await vi.waitFor(() => expect(living()).toBe(0));
    await expect(
      (async () => {
        while (!(await steps.next()).done);
      })(),
    ).rejects.toThrow(WHILE_USED);
  });

  test("may be a sweep", async () => {
    const runtime = createRuntime();
    const sweeping = sweep(data, { runtime, C: [0.1, 1, 10], onProgress: () => void runtime.close() });
    expect(await rejection(sweeping)).toBeInstanceOf(RuntimeClosedError);
    await vi.waitFor(() => expect(living()).toBe(0));
  });
});

test("trainings take their engines from the runtime that they are given", async () => {
  const open = vi.fn<() => Promise<ReturnType<typeof referenceEngine>>>(async () => ({
    ...referenceEngine(),
    adapter: "another",
  }));
  const runtime = new EngineRuntime({ wasm: async () => ({ open, close() {} }) });
  const { engine } = await train(data, { runtime, engine: "wasm" });
  expect(engine.adapter).toBe("another");
  const { model } = await sweep(data, { runtime, engine: "wasm", C: [1] });
  expect(model.engine.adapter).toBe("another");
  expect(open).toHaveBeenCalledTimes(2);
});

test("an engine that does not load is loaded again the next time", async () => {
  let loads = 0;
  const runtime = new EngineRuntime({
    wasm: async () => {
      if (++loads === 1) throw new TypeError("no network");
      return { open: async () => referenceEngine(), close() {} };
    },
  });
  await expect(runtime.open("wasm")).rejects.toThrow("no network");
  expect((await runtime.open("wasm")).name).toBe("reference");
  await runtime.open("wasm");
  expect(loads).toBe(2);
});
