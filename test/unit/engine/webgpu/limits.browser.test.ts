/** Tests the device's limits: shards, blocks, memory, and devices that are shared, lost or missing. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import type { FeatureReader } from "../../../../src/core/row-source.js";
import { type Rows, selectRows } from "../../../../src/core/rows.js";
import { type Capacity, capacityWithin } from "../../../../src/engine/webgpu/device/capacity.js";
import { range } from "../../../../src/core/random.js";
import { cutSteps } from "../../../../src/engine/webgpu/kernels/cut-steps.js";
import { DataError, DeviceError, train } from "../../../../src/index.js";
import {
  type Kind,
  RULES,
  parityOfAll,
  plan,
  randomRows,
  randomWeights,
  runAll,
  softened,
} from "../../../conformance/problems.js";
import { openGpu, runtimeWith, webgpuEngine } from "../../../support/engines.js";

const shape = { count: 1000, features: 37, classes: 10 };
const problem: DescentProblem = { classes: 10, intercept: true, rule: RULES["momentum"], batchSize: 250 };

/** Trains with few rows and features per thread, which compiles fast. */
async function trained(rows: Rows, capacity: Partial<Capacity>, capture = false) {
  const engine = await webgpuEngine({ capacity });
  const pinned = { ...problem, kernels: "fused 2x1" };
  const result = await runAll(engine, rows, pinned, randomWeights(shape, 2), capture);
  engine.close();
  return result;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("rows past one binding's limit", () => {
  test.each<Kind>(["f32", "bytes"])("%s in many shards train to the same bits as in one", async (kind) => {
    const rows = randomRows(shape, kind, 1);
    const bindingBytes = 20000; // 125 rows of 40 floats, 500 rows of 40 bytes
    const limits = { bindingBytes, slow: true, storageBuffers: 8, subgroups: false };
    const cut = cutSteps(rows, 10, 250, { ...capacityWithin(limits), blockRows: 50 });
    expect(Math.ceil(rows.count / cut.shardRows)).toBe(kind === "f32" ? 8 : 2);

    const whole = await trained(rows, { blockRows: 50 });
    const sharded = await trained(rows, { blockRows: 50, bindingBytes });
    expect(sharded.weights).toEqual(whole.weights);
    expect(sharded.results).toEqual(whole.results);
  });

  test("captured passes of gathered rows are within the bound", async () => {
    const rows = randomRows(shape, "f32", 1);
    const { results } = await trained(rows, { blockRows: 50, bindingBytes: 20000 }, true);
    const parity = parityOfAll(results, rows, problem);
    expect(parity.steps).toBe(4);
    expect(parity.rho).toBeLessThan(1);
  });
});

test("a step of more blocks than one submission holds is one step", async () => {
  const rows = randomRows({ ...shape, count: 1100 }, "f32", 1);
  const whole = { ...problem, batchSize: 1100, kernels: "fused 1x1/4" };
  const engine = await webgpuEngine({ capacity: { blockRows: 4 } });
  const { results } = await runAll(engine, rows, whole, randomWeights(shape, 2), false);
  const captured = await runAll(engine, rows, whole, randomWeights(shape, 2), true);
  engine.close();
  expect(results).toHaveLength(1);
  expect(results[0].sums).toEqual(captured.results[0].sums);
  expect(parityOfAll(captured.results, rows, whole).rho).toBeLessThan(1);
});

describe("rows that are read block by block", () => {
  // A row takes 256 KiB: a block has 64 rows.
  const wide = randomRows({ count: 150, features: 2 ** 16, classes: 2 }, "f32", 1);
  const { x, count, features } = wide;
  const readerOf = (before: (first: number) => void): FeatureReader => ({
    BYTES_PER_ELEMENT: 4,
    async *blocks() {
      for (let first = 0; first < count; first += 64) {
        before(first);
        yield x.slice(first * features, (first + 64) * features);
      }
    },
    select: async (chosen) => selectRows(wide, chosen).x,
  });

  test("are on the device before the next block is read, and are the same there", async () => {
    const engine = await webgpuEngine();
    let written = 0;
    const { writeBuffer } = GPUQueue.prototype;
    vi.spyOn(GPUQueue.prototype, "writeBuffer").mockImplementation(function (this: GPUQueue, ...given) {
      const [buffer, , data] = given;
      if (buffer.label.startsWith("x of rows")) written += data.byteLength;
      return writeBuffer.apply(this, given);
    });
    const writtenBefore: number[] = [];
    const reader = readerOf(() => writtenBefore.push(written));
    const sums = [];
    for (const source of [wide, { ...wide, x: reader }]) {
      written = 0;
      const placement = await engine.place(source);
      const ofTwo = { ...problem, classes: 2, batchSize: count };
      const descent = await placement.descent(ofTwo, randomWeights({ count, features, classes: 2 }, 2));
      sums.push(await descent.evaluate(range(count)));
      descent.release();
      placement.release();
    }
    const rowBytes = 4 * (features + 4); // with a one, padded to vectors of four
    expect(writtenBefore).toEqual([0, 64 * rowBytes, 128 * rowBytes]);
    expect(sums[1]).toEqual(sums[0]);
    engine.close();
  });

  test("leave nothing behind where their reader fails, and its error as it is", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    const engine = await webgpuEngine();
    const failure = new TypeError("the disk is gone");
    const reader = readerOf((first) => {
      if (first === 128) throw failure;
    });
    await expect(engine.place({ ...wide, x: reader })).rejects.toBe(failure);
    expect(gpu.state.live).toEqual(before);
    expect((await openGpu()).device).toBe(gpu.device);
    engine.close();
  });
});

describe("what does not fit is named with both numbers", () => {
  test("weights past one binding", async () => {
    await expect(trained(randomRows(shape, "f32", 1), { bindingBytes: 1900 })).rejects.toThrow(
      /weights of 37 features × 10 classes take 1920 bytes.* binds 1900/,
    );
  });

  test("soft targets past one binding", async () => {
    const rows = softened(randomRows(shape, "f32", 1), 10, 3);
    await expect(trained(rows, { bindingBytes: 43_999 })).rejects.toThrow(
      /soft targets of 1000 rows take 44000 bytes.* binds 43999/,
    );
  });

  test("a row past one binding", async () => {
    const wide = randomRows({ count: 2, features: 1000, classes: 2 }, "f32", 1);
    const limits = { bindingBytes: 40000, slow: true, storageBuffers: 8, subgroups: false };
    expect(() => cutSteps(wide, 2, 2, capacityWithin(limits))).not.toThrow();
    await expect(trained(randomRows(shape, "f32", 1), { bindingBytes: 100 })).rejects.toThrow(DeviceError);
  });

  test("more memory than the device gives", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    const engine = await webgpuEngine({ capacity: { bindingBytes: 2 ** 36 } });
    const rows = randomRows({ count: 8, features: 4, classes: 2 }, "f32", 1);
    const placement = await engine.place(rows);
    const huge = { ...problem, classes: 2 ** 27 };
    await expect(placement.descent(huge, new Float32Array(0))).rejects.toThrow(
      /cannot hold 4 features × 134217728 classes/,
    );
    placement.release();
    expect(gpu.state.live).toEqual(before);
    engine.close();
  });

  test("a value past f32, at its row and column", async () => {
    const x = new Float64Array(12);
    x[7] = 1e300;
    const training = train({ x, y: [0, 1, 1, 0], features: 3 }, { engine: "webgpu" });
    await expect(training).rejects.toThrow(DataError);
    await expect(training).rejects.toThrow(/1e\+300 at row 2, column 1/);
  });
});

describe("the device", () => {
  const data = { x: randomRows(shape, "f32", 1).x, y: randomRows(shape, "f32", 1).labels, features: 37 };

  test("that is shared is used and left open", async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    if (!device) throw new Error("there is no device");
    const model = await train(data, { device });
    expect(model.engine.name).toBe("webgpu");
    const buffer = device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST });
    await device.queue.onSubmittedWorkDone();
    buffer.destroy();
    device.destroy();
  });

  test("that is lost in the middle of a training ends it with a DeviceError", async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    const training = train(data, {
      ...(device && { device }),
      solver: "adam",
      epochs: 500,
      onProgress: ({ epoch }) => {
        if (epoch === 2) device?.destroy();
      },
    });
    await expect(training).rejects.toThrow(DeviceError);
    await expect(training).rejects.toThrow(/was lost/);
  });
});

describe("fits that follow one another", () => {
  const runtime = runtimeWith();
  const data = { x: randomRows(shape, "f32", 1).x, y: randomRows(shape, "f32", 1).labels, features: 37 };

  test("leave as many buffers and bytes behind as the first: none", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    for (let fit = 0; fit < 50; fit++) {
      const parity = fit % 10 === 0;
      await train(data, {
        runtime,
        engine: "webgpu",
        solver: "adam",
        epochs: 1,
        parity,
        validation: 0.2,
        batchSize: 100,
      });
      expect(gpu.state.live).toEqual(before);
    }
  });

  test("compile nothing when their shape is that of one before", async () => {
    const options = {
      engine: "webgpu",
      epochs: 1,
      batchSize: 128,
      solver: "sgd",
      momentum: 0.5,
    } as const;
    const compile = vi.spyOn(GPUDevice.prototype, "createComputePipelineAsync");
    await train(data, options);
    const compiled = compile.mock.calls.length;
    expect(compiled).toBeGreaterThan(0);
    await train(data, { ...options, learningRate: 0.2, seed: 3 });
    expect(compile.mock.calls.length).toBe(compiled);
  });

  test("that fail, or are aborted, leave nothing behind either", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    const abort = new AbortController();
    const aborted = train(data, {
      runtime,
      engine: "webgpu",
      solver: "adam",
      epochs: 1000,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(aborted).rejects.toThrow(/aborted/);
    const x = new Float64Array(12).fill(1e300);
    await expect(train({ x, y: [0, 1, 1, 0], features: 3 }, { runtime, engine: "webgpu" })).rejects.toThrow(
      DataError,
    );
    expect(gpu.state.live).toEqual(before);
  });
});

test("the host reads results back late, and never waits between steps or epochs", async () => {
  const rows = randomRows(shape, "f32", 1);
  const engine = await webgpuEngine();
  const placement = await engine.place(rows);
  const descent = await placement.descent({ ...problem, batchSize: 10 }, randomWeights(shape, 2));
  const submit = vi.spyOn(GPUQueue.prototype, "submit");
  const { order, steps } = plan(rows, 10, false);
  const submitted: number[] = [];
  const epochs = Array.from({ length: 100 }, () => ({ order, steps }));
  for await (const _ of descent.run(epochs)) submitted.push(submit.mock.calls.length);
  expect(submitted).toHaveLength(10_000);
  // When the first submission's results are read, two more are under way; there are far fewer submissions
  // than steps.
  expect(submitted[0]).toBeGreaterThanOrEqual(3);
  expect(submitted.at(-1)).toBeLessThan(500);
  descent.release();
  placement.release();
  engine.close();
});
