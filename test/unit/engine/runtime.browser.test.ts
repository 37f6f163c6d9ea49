/** Tests runtimes on WebGPU: the device that a runtime opened, and one that the caller gave. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { EngineRuntime } from "../../../src/engine/runtime.js";
import { RuntimeClosedError, createRuntime, train } from "../../../src/index.js";
import { RULES, randomRows, randomWeights } from "../../conformance/problems.js";
import { rejection } from "../../support/fits.js";

const x = Array.from({ length: 600 }, (_, n) => [n % 7, n % 11]);
const data = { x, y: x.map(([a, b]) => (a > b ? "more" : "less")) };
const KINDS = [
  { solver: "adam", epochs: 5000 },
  { solver: "lbfgs", tolerance: 0 },
] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Records the devices that are opened. They are handed out once `held` resolves. */
function recordDevices(held: Promise<void> = Promise.resolve()): GPUDevice[] {
  const opened: GPUDevice[] = [];
  const { requestDevice } = GPUAdapter.prototype;
  vi.spyOn(GPUAdapter.prototype, "requestDevice").mockImplementation(async function (
    this: GPUAdapter,
    ...given
  ) {
    const device = await requestDevice.apply(this, given);
    opened.push(device);
    await held;
    return device;
  });
  return opened;
}

async function isOpen(device: GPUDevice): Promise<boolean> {
  await device.queue.onSubmittedWorkDone().catch(() => {});
  return Promise.race([device.lost.then(() => false), new Promise<true>((yes) => setTimeout(yes, 50, true))]);
}

describe("the device of a runtime", () => {
  test("is opened once, and destroyed when the runtime is closed", async () => {
    const opened = recordDevices();
    const runtime = createRuntime();
    await train(data, { runtime, engine: "webgpu" });
    await train(data, { runtime, engine: "webgpu" });
    expect(opened).toHaveLength(1);
    expect(await isOpen(opened[0])).toBe(true);
    await runtime.close();
    expect(await isOpen(opened[0])).toBe(false);
    expect(await rejection(train(data, { runtime, engine: "webgpu" }))).toBeInstanceOf(RuntimeClosedError);
    expect(opened).toHaveLength(1);
  });

  test("is replaced once it is lost", async () => {
    const opened = recordDevices();
    const runtime = createRuntime();
    await train(data, { runtime, engine: "webgpu" });
    opened[0].destroy();
    await opened[0].lost;
    await train(data, { runtime, engine: "webgpu" });
    expect(opened).toHaveLength(2);
    await runtime.close();
    expect(await isOpen(opened[1])).toBe(false);
  });

  test("is destroyed also where the runtime is closed while it opens", async () => {
    let handOut = () => {};
    const opened = recordDevices(new Promise((resolve) => (handOut = resolve)));
    const runtime = createRuntime();
    const training = rejection(train(data, { runtime, engine: "webgpu" }));
    await vi.waitFor(() => expect(opened).toHaveLength(1));
    await runtime.close();
    handOut();
    expect(await training).toBeInstanceOf(RuntimeClosedError);
    expect(opened).toHaveLength(1);
    expect(await isOpen(opened[0])).toBe(false);
  });

  test.each(KINDS)("fails its trainings with an error that says so: $solver", async (kind) => {
    const runtime = createRuntime();
    const training = train(data, {
      ...kind,
      runtime,
      engine: "webgpu",
      onProgress: () => void runtime.close(),
    });
    const error = await rejection(training);
    expect(error).toBeInstanceOf(RuntimeClosedError);
    expect(error).toHaveProperty("message", expect.stringContaining("closed while work used it"));
  });
});

describe("a device that is given", () => {
  test.each(KINDS)("stays open, and the training ends: $solver", async (kind) => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) throw new Error("There is no device.");
    const made = new Set<GPUBuffer>();
    const { createBuffer } = GPUDevice.prototype;
    vi.spyOn(GPUDevice.prototype, "createBuffer").mockImplementation(function (this: GPUDevice, ...given) {
      const buffer = createBuffer.apply(this, given);
      made.add(buffer);
      return buffer;
    });
    const { destroy } = GPUBuffer.prototype;
    vi.spyOn(GPUBuffer.prototype, "destroy").mockImplementation(function (this: GPUBuffer) {
      made.delete(this);
      return destroy.call(this);
    });
    const runtime = createRuntime();
    const training = train(data, { ...kind, runtime, device, onProgress: () => void runtime.close() });
    expect(await rejection(training)).toBeInstanceOf(RuntimeClosedError);
    expect(made.size).toBe(0);
    expect(await isOpen(device)).toBe(true);
    const another = createRuntime();
    const { engine } = await train(data, { runtime: another, device });
    expect(engine.name).toBe("webgpu");
    await another.close();
    expect(await isOpen(device)).toBe(true);
    device.destroy();
  });

  test("that then fails is not to blame", async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    const runtime = new EngineRuntime();
    const engine = await runtime.open("webgpu", { device });
    const shape = { count: 9, features: 2, classes: 2 };
    const placement = await engine.place(randomRows(shape, "f32", 1));
    const problem = { classes: 2, batchSize: 9, intercept: true, rule: RULES["sgd"] };
    const descent = await placement.descent(problem, randomWeights(shape, 2));
    await runtime.close();
    vi.spyOn(GPUQueue.prototype, "submit").mockImplementation(() => {
      throw new TypeError("injected");
    });
    await expect(descent.weights()).rejects.toThrow(RuntimeClosedError);
    device?.destroy();
  });
});
