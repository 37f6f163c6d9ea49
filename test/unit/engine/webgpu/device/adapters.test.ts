/**
 * Tests adapters that lack what others have, as on Safari, iOS and Android: Dawn's software adapter in Node,
 * with features and limits masked, under the name of a GPU, so that it gets the kernels of one.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../../../../../src/cli/run.js";
import { openDawn } from "../../../../../src/engine/webgpu/device/dawn.js";
import { listAdapters } from "../../../../../src/engine/webgpu/device/adapters.js";
import { DeviceError, type TrainOptions, createRuntime, train } from "../../../../../src/index.js";
import { rejection } from "../../../../support/fits.js";
import { untypedTrain } from "../../../../support/untyped.js";

/** What a masked adapter has. */
interface Mask {
  readonly features?: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
  readonly vendor?: string;
}

const DEFAULTS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
};
const COMPATIBILITY = {
  ...DEFAULTS,
  maxComputeInvocationsPerWorkgroup: 128,
  maxComputeWorkgroupSizeX: 128,
};

const gpu = await openDawn();

/** An adapter that has what the mask says, and refuses a device of more. */
async function masked({ features = [], limits = DEFAULTS, vendor = "arm" }: Mask, level?: string) {
  const adapter = await gpu.requestAdapter(level === undefined ? {} : { featureLevel: level });
  if (!adapter) throw new Error("Dawn has no adapter.");
  return {
    info: { vendor, architecture: "valhall", description: "", isFallbackAdapter: false },
    features: new Set(features),
    limits,
    async requestDevice(descriptor: GPUDeviceDescriptor) {
      for (const name of descriptor.requiredFeatures ?? []) {
        if (!features.includes(name)) throw new TypeError(`${name} is not available.`);
      }
      for (const [name, value = 0] of Object.entries(descriptor.requiredLimits ?? {})) {
        const most = limits[name];
        if (most === undefined || value > most)
          throw new DOMException(`${name} is too much`, "OperationError");
      }
      return Object.defineProperties(await adapter.requestDevice(descriptor), {
        limits: { value: limits },
        adapterInfo: { value: { vendor, subgroupMinSize: adapter.info.subgroupMinSize } },
      });
    },
  };
}

const SMALL_SUBGROUPS = ["subgroups", "subgroup-size-control"];

let asked: GPURequestAdapterOptions[] = [];

/** Has WebGPU answer with adapters: `core` at the core level, `compatibility` where that is asked for. */
function offer(core: Mask | undefined, compatibility?: Mask): void {
  const requestAdapter = async (options: GPURequestAdapterOptions = {}) => {
    asked.push(options);
    if (core) return masked(core);
    return compatibility && options.featureLevel === "compatibility"
      ? masked(compatibility, "compatibility")
      : null;
  };
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });
}

/** Shapes for which a GPU gets the kernels of whole steps or of few classes, split ones, and tiles. */
const SHAPES = [
  { rows: 60, features: 5, classes: 3 },
  { rows: 200, features: 130, classes: 4 },
  { rows: 90, features: 33, classes: 37 },
];

function problemOf({ rows, features, classes }: (typeof SHAPES)[number]) {
  const x = Float32Array.from({ length: rows * features }, (_, i) => Math.sin(i * i));
  return { x, y: Array.from({ length: rows }, (_, row) => row % classes), features };
}

const SOLVERS: readonly TrainOptions<number>[] = [
  { solver: "sgd", batchSize: 128, epochs: 1 },
  { solver: "lbfgs", maxIterations: 3 },
];

let runtime = createRuntime();
beforeEach(() => {
  asked = [];
  runtime = createRuntime();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await runtime.close();
});

describe.each<[string, Mask | undefined, Mask | undefined]>([
  ["without optional features, as on Safari,", {}, undefined],
  ["of the compatibility level, as on older phones,", undefined, { limits: COMPATIBILITY }],
  ["of Intel's", { vendor: "intel" }, undefined],
  ["of Intel's, asked for small subgroups,", { vendor: "intel", features: SMALL_SUBGROUPS }, undefined],
])("an adapter %s", (_, core, other) => {
  test.each(SHAPES)("trains within the bounds: $rows × $features × $classes", async (shape) => {
    offer(core, other);
    for (const how of SOLVERS) {
      const options = { ...how, engine: "webgpu", kernels: "table", parity: true, runtime } as const;
      const { engine, parity } = await train(problemOf(shape), options);
      expect(engine).toMatchObject({ name: "webgpu", adapter: `${core?.vendor ?? "arm"} valhall` });
      expect(parity?.rho).toBeLessThan(1);
      expect(engine.kernels).not.toMatch(/subgroups|shared/);
    }
  });
});

const TOO_SMALL =
  "The GPU device (arm valhall) is too small: its maxStorageBuffersPerShaderStage is 4, and the kernels take 8. " +
  "Take wasm.";

test("an adapter that is too small is an error with both numbers, and auto trains on wasm", async () => {
  offer(undefined, { limits: { ...COMPATIBILITY, maxStorageBuffersPerShaderStage: 4 } });
  const data = problemOf({ rows: 500, features: 1000, classes: 2 });
  const error = await rejection(train(data, { engine: "webgpu", runtime }));
  expect(error).toBeInstanceOf(DeviceError);
  expect(error).toMatchObject({ message: TOO_SMALL });
  const { engine } = await train(data, { solver: "gd", epochs: 1, runtime });
  expect(engine).toMatchObject({ name: "wasm", why: expect.stringContaining(TOO_SMALL.replace(/\.$/, "")) });
});

describe("the option adapter", () => {
  const data = problemOf(SHAPES[0]);

  test.each([
    [undefined, "high-performance"],
    ["high-performance", "high-performance"],
    ["low-power", "low-power"],
  ] as const)("%s asks for %s, and each has one device", async (adapter, powerPreference) => {
    offer({});
    const how = { ...SOLVERS[0], engine: "webgpu", runtime } as const;
    await train(data, how);
    await train(data, { ...how, ...(adapter && { adapter }) });
    await train(data, { ...how, ...(adapter && { adapter }) });
    const wanted = [...new Set(["high-performance", powerPreference])];
    expect(asked.map((one) => one.powerPreference)).toEqual(wanted);
  });

  test("is a name in Node alone, which is told where no adapter has it", async () => {
    const { engine } = await train(data, { engine: "webgpu", adapter: "SUBZERO", runtime });
    expect(engine.adapter).toMatch(/swiftshader/);
    const named = (adapter: string) => rejection(train(data, { engine: "webgpu", adapter, runtime }));
    expect(await named("nothing like it")).toMatchObject({
      name: "DeviceError",
      message: expect.stringMatching(
        /^adapter is "nothing like it", and no adapter has that in its name: there is ./,
      ),
    });
    offer({});
    expect(await named("subzero")).toMatchObject({
      name: "OptionError",
      message: 'adapter is "subzero", and a page can choose only between "high-performance" and "low-power".',
    });
  });

  test.each([
    [{ adapter: "" }, /^adapter is "", and must be "high-performance", "low-power", or in Node part of/],
    [{ adapter: 1 }, /^adapter is 1, and must be/],
    [
      { adapter: "low-power", engine: "wasm" },
      /^adapter is "low-power", but engine is "wasm": adapter is for webgpu/,
    ],
    [
      { adapter: "low-power", device: { createBuffer() {}, createCommandEncoder() {}, queue: {} } },
      /^adapter is "low-power" and device is given/,
    ],
  ])("%j is an OptionError", async (options, message) => {
    expect(await rejection(untypedTrain(data, options))).toMatchObject({
      name: "OptionError",
      message: expect.stringMatching(message),
    });
  });
});

describe("the doctor lists adapters", () => {
  test("once each, with what they answer to", async () => {
    const [{ answersTo, adapter, compatibility, lack }, ...others] = await listAdapters();
    expect(answersTo).toEqual(expect.arrayContaining(["high-performance", "low-power", "compatibility"]));
    expect(answersTo.at(-1)).toMatch(/^"./);
    expect(adapter).toMatch(process.env["VK_ICD_FILENAMES"] ? /swiftshader/ : /./);
    expect({ compatibility, lack }).toEqual({ compatibility: false, lack: undefined });
    expect(others.map((one) => one.adapter)).not.toContain(adapter);
  });

  test("and says what is too small", async () => {
    offer(undefined, { limits: { ...COMPATIBILITY, maxStorageBuffersPerShaderStage: 4 } });
    let out = "";
    await run(["doctor"], { out: (text) => (out += text), status: () => {}, live: false });
    expect(out).toMatch(
      /^ {2}arm valhall \(compatibility\): hardware, of the compatibility level, 4 storage buffers of 0.13 GiB, too small: /m,
    );
  });
});

test("a machine without Float16Array trains on floats and on bytes, on every engine", async () => {
  vi.stubGlobal("Float16Array", undefined);
  const bytes = { ...problemOf(SHAPES[0]), x: Uint8Array.from({ length: 300 }, (_, i) => (i * i) % 251) };
  for (const data of [problemOf(SHAPES[0]), bytes]) {
    for (const engine of ["webgpu", "wasm", "reference"] as const) {
      const { parity } = await train<number>(data, { ...SOLVERS[0], engine, parity: true, runtime });
      expect(parity?.rho).toBeLessThan(1);
    }
  }
});
