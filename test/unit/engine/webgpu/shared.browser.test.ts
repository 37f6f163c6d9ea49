/**
 * Tests a device that smigh shares with a page: which errors belong to whom, and what is left when it is
 * gone.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import { DeviceError } from "../../../../src/index.js";
import { RULES, plan, randomRows, randomWeights } from "../../../conformance/problems.js";
import { openGpu, webgpuEngine } from "../../../support/engines.js";

const SHAPE = { count: 40, features: 5, classes: 3 };
const ROWS = randomRows(SHAPE, "f32", 1);
const PROBLEM: DescentProblem = { classes: 3, intercept: true, rule: RULES["adam"], batchSize: 10 };

let device: GPUDevice;
let heard: string[];

beforeEach(async () => {
  const adapter = await navigator.gpu.requestAdapter();
  const opened = await adapter?.requestDevice();
  if (!opened) throw new Error("there is no device");
  device = opened;
  heard = [];
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    heard.push(event.error.message);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  device.destroy();
});

/** The errors that the page heard, once the queue is done. */
async function pageHeard(): Promise<readonly string[]> {
  await device.queue.onSubmittedWorkDone();
  return heard;
}

describe("the page hears nothing of", () => {
  test("a kernel that does not compile", async () => {
    const engine = await webgpuEngine({ device, edited: { logits: "nonsense", fused: "nonsense" } });
    const placement = await engine.place(ROWS);
    const descent = await placement.descent(PROBLEM, randomWeights(SHAPE, 2));
    const { order, steps } = plan(ROWS, 10, false);
    const run = descent.run([{ order, steps }])[Symbol.asyncIterator]();
    await expect(run.next()).rejects.toThrow(/cannot compile fused\.wgsl/);
    const objective = placement.objective({
      ...PROBLEM,
      scale: 1,
      penalties: new Float32Array(ROWS.features),
      rows: order,
    });
    await expect(objective).rejects.toThrow(/cannot compile logits\.wgsl/);
    descent.release();
    placement.release();
    expect((await openGpu(device)).state.live).toEqual({ buffers: 0, bytes: 0 });
    expect(await pageHeard()).toEqual([]);
  });

  test("rows that have no room, which are named whole", async () => {
    const engine = await webgpuEngine({ device, capacity: { bindingBytes: 320 } });
    const write = vi.spyOn(GPUQueue.prototype, "writeBuffer");
    const { createBuffer } = GPUDevice.prototype;
    vi.spyOn(GPUDevice.prototype, "createBuffer").mockImplementation(function (this: GPUDevice, descriptor) {
      const invalid = GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE;
      const usage = descriptor.label === "x of rows 10 to 20" ? invalid : descriptor.usage;
      return createBuffer.call(this, { ...descriptor, usage });
    });
    // 40 rows of 8 floats take 1280 bytes in four buffers, plus 160 for labels and 160 for weights.
    await expect(engine.place(ROWS)).rejects.toThrow(
      /cannot hold 40 rows of 5 features: that takes 1600 bytes in 6 buffers, of at most \d+ bytes each, and x of rows 10 to 20 \(320 bytes\) was refused/,
    );
    expect(write).not.toHaveBeenCalled();
    expect((await openGpu(device)).state.live).toEqual({ buffers: 0, bytes: 0 });
    expect(await pageHeard()).toEqual([]);
  });

  test("a submission that fails", async () => {
    const engine = await webgpuEngine({ device });
    const placement = await engine.place(ROWS);
    const descent = await placement.descent(PROBLEM, randomWeights(SHAPE, 2));
    vi.spyOn(GPUComputePassEncoder.prototype, "setPipeline").mockImplementation(() => {});
    await expect(descent.evaluate(Uint32Array.of(0, 1))).rejects.toThrow(DeviceError);
    expect(await pageHeard()).toEqual([]);
  });
});

test("a device that is lost while rows and objectives are made leaves no buffer behind", async () => {
  const { live } = (await openGpu(device)).state;
  const engine = await webgpuEngine({ device });
  const placement = await engine.place(ROWS);
  const { order } = plan(ROWS, 10, false);
  const making = placement.objective({
    ...PROBLEM,
    scale: 1,
    penalties: new Float32Array(ROWS.features),
    rows: order,
  });
  device.destroy();
  await expect(making).rejects.toThrow(/was lost/);
  await expect(engine.place(ROWS)).rejects.toThrow(/was lost/);
  placement.release();
  expect(live).toEqual({ buffers: 0, bytes: 0 });
});

test("an error of one descent is not another's", async () => {
  const engine = await webgpuEngine({ device });
  const placement = await engine.place(ROWS);
  const [one, other] = await Promise.all(
    [1, 2].map((seed) => placement.descent(PROBLEM, randomWeights(SHAPE, seed))),
  );
  const submit = vi.spyOn(GPUQueue.prototype, "submit").mockImplementationOnce(() => {
    throw new TypeError("injected");
  });
  await expect(one.weights()).rejects.toThrow(/stopped: TypeError: injected/);
  submit.mockRestore();
  await expect(one.weights()).rejects.toThrow(/stopped: TypeError: injected/);
  expect(await other.weights()).toEqual(randomWeights(SHAPE, 2));
  for (const held of [one, other, placement]) held.release();
});
