// Tests the choice of an engine where WebGPU has no adapter, and by size where there is a GPU.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceError } from "../../../src/core/errors.js";
import { type PassShape, chooseEngine } from "../../../src/engine/choose.js";
import { type Engine, ENGINES, type EngineName } from "../../../src/engine/engine.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { EngineRuntime } from "../../../src/engine/runtime.js";
import { train } from "../../../src/index.js";
import { untypedTrain } from "../../support/untyped.js";

beforeEach(() => void vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } }));
afterEach(() => void vi.unstubAllGlobals());

test("auto is wasm, and says why it is not webgpu", async () => {
  const { engine, why } = await chooseEngine("auto");
  engine.close();
  expect(engine.name).toBe("wasm");
  expect(why).toMatch(/^engine is auto and webgpu is not available: WebGPU has no adapter: .*[^.]$/);
});

test.each(["wasm", "reference"] as const)("%s is what it is when asked for", async (name) => {
  const { engine, why } = await chooseEngine(name);
  engine.close();
  expect({ name: engine.name, why }).toEqual({ name, why: `engine is ${name}` });
});

test("webgpu is a DeviceError, and nothing else in its place", async () => {
  await expect(chooseEngine("webgpu")).rejects.toThrow(DeviceError);
});

test("auto passes over an engine that failed before, and says why", async () => {
  const failures = new Map([["wasm", new DeviceError("A thread stopped.")]] as const);
  const { engine, why, fellBack } = await chooseEngine("auto", { failures });
  expect(engine.adapter).toMatch(/^WebAssembly, .*, 1 thread$/);
  expect(why).toMatch(/^engine is auto, webgpu is not available: .*, and wasm failed: A thread stopped$/);
  expect(fellBack).toBe(true);
});

describe("beside a GPU", () => {
  const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0";
  const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
  const requestAdapter = vi.fn<() => Promise<unknown>>(async () => ({ info: { vendor: "nvidia" } }));
  const machine = (userAgent: string) => vi.stubGlobal("navigator", { gpu: { requestAdapter }, userAgent });

  /** A runtime whose engines are the reference under their names. Those in `missing` do not open. */
  function runtimeOf(missing: readonly EngineName[] = []): EngineRuntime {
    const host = (name: EngineName) => async () => ({
      async open(): Promise<Engine> {
        if (missing.includes(name)) throw new DeviceError(`no ${name}.`);
        return { ...referenceEngine(), name, adapter: name };
      },
      close() {},
    });
    return new EngineRuntime({ webgpu: host("webgpu"), wasm: host("wasm") });
  }

  const IRIS = { rows: 150, features: 4, classes: 3 };
  const MNIST = { rows: 60_000, features: 784, classes: 10 };
  const BATCH = { rows: 512, features: 784, classes: 10 };
  const EDGE = { rows: 1000, features: 1000, classes: 10 };

  test.each<[string, boolean, Omit<PassShape, "waits">, EngineName]>([
    [CHROME, true, IRIS, "wasm"],
    [CHROME, true, { ...EDGE, rows: 999 }, "wasm"],
    [CHROME, true, EDGE, "webgpu"],
    [CHROME, true, MNIST, "webgpu"],
    [CHROME, false, IRIS, "wasm"],
    [CHROME, false, { ...EDGE, rows: 99 }, "wasm"],
    [CHROME, false, { ...EDGE, rows: 100 }, "webgpu"],
    [CHROME, false, BATCH, "webgpu"],
    [FIREFOX, true, MNIST, "webgpu"],
    [FIREFOX, true, { ...EDGE, rows: 9_999 }, "wasm"],
    [FIREFOX, true, { ...EDGE, rows: 10_000 }, "webgpu"],
    [FIREFOX, false, IRIS, "wasm"],
    [FIREFOX, false, BATCH, "webgpu"],
  ])("%s, waits for each pass: %s, %j is for %s", async (userAgent, waits, shape, name) => {
    machine(userAgent);
    const { engine, why, fellBack } = await chooseEngine("auto", {
      runtime: runtimeOf(),
      pass: { ...shape, waits },
    });
    expect({ name: engine.name, fellBack }).toEqual({ name, fellBack: false });
    expect(why).toMatch(
      name === "webgpu"
        ? /^engine is auto and there is a GPU, webgpu$/
        : /^engine is auto and \d+ rows × \d+ features × \d+ classes are fewer than the 1[0,]+ multiply-adds from/,
    );
  });

  test("a small pass asks for no adapter, and goes to the GPU where there is no wasm", async () => {
    machine(CHROME);
    const pass = { ...IRIS, waits: true };
    requestAdapter.mockClear();
    await chooseEngine("auto", { runtime: runtimeOf(), pass });
    expect(requestAdapter).not.toHaveBeenCalled();
    const without = await chooseEngine("auto", { runtime: runtimeOf(["wasm"]), pass });
    expect(without.engine.name).toBe("webgpu");
    expect(without.why).toMatch(/GPU pays, wasm is not available: no wasm, and there is a GPU, webgpu$/);
    const neither = await chooseEngine("auto", { runtime: runtimeOf(["wasm", "webgpu"]), pass });
    expect(neither).toMatchObject({ engine: { name: "reference" }, fellBack: true });
  });

  test.each(ENGINES)("%s is what it is whatever the pass, when asked for", async (name) => {
    machine(FIREFOX);
    for (const shape of [IRIS, MNIST]) {
      const { engine } = await chooseEngine(name, { runtime: runtimeOf(), pass: { ...shape, waits: true } });
      expect(engine.name).toBe(name);
    }
  });

  test("a device that is given is taken whatever the pass", async () => {
    const device = { createBuffer() {}, createCommandEncoder() {}, queue: {} };
    const { engine } = await untypedTrain({ x: [[0], [1]], y: [0, 1] }, { device, runtime: runtimeOf() });
    expect(engine).toMatchObject({ name: "webgpu", why: "engine is auto and a device is given" });
  });

  test.each([
    ["lbfgs", {}, "20 rows × 3 features × 2 classes are fewer than the 10,000,000 "],
    ["gd", {}, "20 rows × 3 features × 2 classes are fewer than the 1,000,000 "],
    ["sgd", { batchSize: 5 }, "5 rows × 3 features × 2 classes are fewer than the 1,000,000 "],
  ] as const)("a training by %s %j says the shape of its pass", async (solver, options, says) => {
    machine(CHROME);
    const x = Array.from({ length: 20 }, (_, row) => [row, row % 2, row % 3]);
    const y = x.map(([row]) => row % 2);
    const { engine } = await train({ x, y }, { solver, ...options, runtime: runtimeOf() });
    expect(engine).toMatchObject({ name: "wasm", why: expect.stringContaining(says) });
  });
});
