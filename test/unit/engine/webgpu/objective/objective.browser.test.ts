/**
 * Tests objectives on the GPU: every way to divide one, requests that share a submission, and the device's
 * limits.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { FloatArray, Rows } from "../../../../../src/core/rows.js";
import type { Capacity } from "../../../../../src/engine/webgpu/device/capacity.js";
import { DeviceError, OptionError } from "../../../../../src/index.js";
import { LOOKS, lookAround, objectiveOf } from "../../../../conformance/objectives.js";
import { KEPT_KINDS, type Kind, randomRows, randomWeights } from "../../../../conformance/problems.js";
import { withObjective } from "../with-objective.js";
import { openGpu, webgpuEngine } from "../../../../support/engines.js";
import { LONG } from "../../../../support/long.js";

/** No block, slot, tile or workgroup is full at its end. */
const SHAPE = { count: 133, features: 31, classes: 13 };
/** More than one workgroup of threads that share slabs, and rows that 16 threads share. */
const WIDE = { count: 172, features: 129, classes: 137 };
/** Several slabs of weights, workgroups and blocks, none of them full. */
const FEW = { count: 211, features: 142, classes: 10 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The largest error ÷ bound of all results. */
async function looked(
  shape: typeof SHAPE,
  kind: Kind,
  capacity: Partial<Capacity>,
  kernels = "table",
): Promise<number> {
  const rows = { ...randomRows(shape, kind, 141), ...(kind === "bytes" && { scale: 0.02 }) };
  const engine = await webgpuEngine({ capacity });
  const looks = await lookAround(engine, rows, { ...objectiveOf(rows, shape.classes), kernels }, 142);
  engine.close();
  return Math.max(...LOOKS.map((look) => looks[look]));
}

describe.each([
  { slow: true, subgroups: false },
  { slow: true, subgroups: true },
  { slow: false, subgroups: false },
  { slow: false, subgroups: true },
  { slow: false, subgroups: false, registers: 64 },
])("slow: $slow, subgroups: $subgroups, registers: $registers", (capacity) => {
  // Only the reading of features depends on their type, on a slow adapter as on another.
  const typed = !capacity.slow && capacity.subgroups;

  test.each(LONG || typed ? KEPT_KINDS : (["f32"] as const))(
    "%s in several blocks are within the bounds",
    async (kind) => {
      expect(await looked(SHAPE, kind, { ...capacity, blockRows: 60 })).toBeLessThan(1);
      expect(await looked(WIDE, kind, { ...capacity, blockRows: 100 })).toBeLessThan(1);
    },
  );
});

test.each(["tiled 4x1 shared", "tiled 8x2 shared"])("%s is within the bounds", async (kernels) => {
  // With 68 features the ones would be alone in a vector.
  for (const shape of [WIDE, { ...WIDE, features: 68 }]) {
    expect(await looked(shape, "f32", { slow: false, blockRows: 100 }, kernels)).toBeLessThan(1);
  }
});

test.each(LONG ? KEPT_KINDS : (["f32", "bytes"] as const))(
  "few classes, whose logits are split on a GPU, are within the bounds: %s",
  async (kind) => {
    expect(await looked(FEW, kind, { slow: false, blockRows: 128 })).toBeLessThan(1);
    expect(await looked(FEW, kind, { bindingBytes: 90_000 }, "split 4x1")).toBeLessThan(1);
    for (const capacity of [{ slow: false }, { slow: false, registers: 64 }]) {
      expect(await looked({ ...FEW, classes: 18 }, kind, capacity, "split 2x1")).toBeLessThan(1);
    }
  },
);

test("auto times the kernels where passes are long, once, and the table's are taken elsewhere", async () => {
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
  vi.spyOn(performance, "now").mockImplementation(() => dispatch.mock.calls.length); // a dispatch takes 1 ms
  const device = await (await navigator.gpu.requestAdapter())?.requestDevice();
  const rows = randomRows(SHAPE, "f32", 141);
  const problem = { ...objectiveOf(rows, SHAPE.classes), kernels: "auto" };
  const macs = problem.rows.length * 4 * 8 * SHAPE.classes;
  /** Dispatches to create an objective, and its kernels. */
  const create = async (dispatchMacs: number) => {
    const options = { capacity: { slow: false, dispatchMacs }, ...(device && { device }) };
    const before = dispatch.mock.calls.length;
    return withObjective(options, rows, problem, ({ kernels }) =>
      Promise.resolve({ dispatches: dispatch.mock.calls.length - before, kernels }),
    );
  };
  const short = await create(macs);
  expect(short.dispatches).toBe(0);
  const long = await create(macs / 5);
  expect(long.dispatches).toBeGreaterThan(50);
  expect(long.kernels).toMatch(/^tiled /);
  expect(await create(macs / 5)).toEqual({ dispatches: 0, kernels: long.kernels });
  device?.destroy();
});

/** Everything that an objective answers. */
async function answers(rows: Rows, capacity: Partial<Capacity>, problem = objectiveOf(rows, 13)) {
  return withObjective({ capacity }, rows, problem, async (objective) => {
    const { space } = objective;
    const [w, p] = [143, 144].map((seed) => space.vector(randomWeights(SHAPE, seed)));
    const [g, h, m] = [space.vector(), space.vector(), space.vector()];
    const at = objective.linearize(w, g);
    objective.setDirection(p);
    objective.curvature(p, h);
    space.multiply(m, space.matrix(square()), p);
    return Promise.all([
      at,
      objective.evaluateAlong([0, 1]),
      objective.step(0.5, w, g),
      objective.evaluate(p, Uint32Array.of(3, 1, 4, 1, 5, 9, 2, 6)),
      objective.evaluate(p, Uint32Array.of(2, 7)),
      space.products([[h, g], [m, p]]), // prettier-ignore
      space.read(h),
      space.read(g),
      space.read(m),
      objective.logits(),
    ]);
  });
}

/** A symmetric matrix (32, 32). */
function square(): FloatArray {
  return Float32Array.from({ length: 32 * 32 }, (_, i) => Math.sin((i >> 5) * (i & 31)));
}

describe("the answers are the same, bit for bit,", () => {
  const rows = randomRows(SHAPE, "f32", 145);

  test("whether rows lie in one binding or in several", async () => {
    const whole = await answers(rows, { blockRows: 48 });
    expect(await answers(rows, { blockRows: 48, bindingBytes: 8192 })).toEqual(whole);
  });

  test("whether they take one submission or many, and few dispatches or many", async () => {
    const submit = vi.spyOn(GPUQueue.prototype, "submit");
    const whole = await answers(rows, { blockRows: 48 });
    const few = submit.mock.calls.length;
    const cut = await answers(rows, { blockRows: 48, dispatchMacs: 26_000 });
    expect(submit.mock.calls.length - few).toBeGreaterThan(3 * few);
    expect(cut).toEqual(whole);
  });
});

test("what is asked in one turn is one submission and one readback", async () => {
  const rows = randomRows(SHAPE, "f32", 146);
  await withObjective({}, rows, objectiveOf(rows, 13), async (objective) => {
    const { space } = objective;
    const [w, p, g] = [147, 148, 149].map((seed) => space.vector(randomWeights(SHAPE, seed)));
    const submit = vi.spyOn(GPUQueue.prototype, "submit");
    const map = vi.spyOn(GPUBuffer.prototype, "mapAsync");
    objective.setDirection(p);
    const asked = [objective.linearize(w, g), objective.evaluateAlong([0, 1, 2]), space.products([[w, p], [g, g]])]; // prettier-ignore
    space.combine(w, [[1, p]]);
    await Promise.all(asked);
    expect(submit.mock.calls.length).toBe(1);
    expect(map.mock.calls.length).toBe(1);
  });
});

test("a sum of no vectors is zero, whatever was there", async () => {
  const rows = randomRows(SHAPE, "f32", 151);
  await withObjective({}, rows, objectiveOf(rows, 13), async ({ space }) => {
    const [w, other] = [space.vector(randomWeights(SHAPE, 160).fill(NaN)), space.vector()];
    space.combine(other, [[0, w]]);
    space.combine(w, []);
    const zeros = new Float32Array(32 * 13);
    expect(await space.read(w)).toEqual(zeros);
    expect(await space.read(other)).toEqual(zeros);
  });
});

describe("the device", () => {
  const rows = randomRows(SHAPE, "f32", 161);
  const problem = objectiveOf(rows, 13);

  test("is left with nothing, whether what was asked last is waited for or not", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    await withObjective({ capacity: { bindingBytes: 8192 } }, rows, problem, async (objective) => {
      const { space } = objective;
      const [w, g] = [space.vector(randomWeights(SHAPE, 162)), space.vector()];
      await objective.linearize(w, g);
      objective.curvature(w, space.vector());
    });
    expect(gpu.state.live).toEqual(before);
    await gpu.device.queue.onSubmittedWorkDone();
    gpu.check();
  });

  test("that holds less than the logits says so, and is left with nothing", async () => {
    const gpu = await openGpu();
    const before = { ...gpu.state.live };
    const huge = { ...problem, classes: 2 ** 27 };
    await expect(
      withObjective({ capacity: { bindingBytes: 2 ** 36 } }, rows, huge, async () => {}),
    ).rejects.toThrow(/cannot hold logits of 131 rows × 134217728 classes, and their change \(\d+ bytes\)/);
    expect(gpu.state.live).toEqual(before);
  });

  test("that has no memory for one vector more says so in the next answer", async () => {
    await withObjective({ capacity: { bindingBytes: 4096 } }, rows, problem, async (objective) => {
      const { space } = objective;
      const [w, g] = [space.vector(), space.vector()]; // all that one binding holds
      vi.spyOn(GPUDevice.prototype, "popErrorScope").mockResolvedValue(new GPUOutOfMemoryError("no room"));
      space.vector();
      const at = objective.linearize(w, g);
      await expect(at).rejects.toThrow(DeviceError);
      await expect(at).rejects.toThrow(
        /in \d+ buffers, of at most \d+ bytes each, and 2 vectors of 13 classes \(4096 bytes\) was refused\. no room/,
      );
    });
  });

  test("that binds less than a matrix takes says so", async () => {
    await withObjective({ capacity: { bindingBytes: 4000 } }, rows, problem, async (objective) => {
      expect(() => objective.space.matrix(square())).toThrow(
        /matrix of 32 × 32 takes 4096 bytes, and this adapter binds 4000/,
      );
    });
  });

  test("that is lost fails what is asked of it with a DeviceError", async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter?.requestDevice();
    await withObjective({ device }, rows, problem, async (objective) => {
      const { space } = objective;
      const [w, g] = [space.vector(), space.vector()];
      await objective.linearize(w, g);
      device?.destroy();
      const lost = objective.linearize(w, g);
      await expect(lost).rejects.toThrow(DeviceError);
      await expect(lost).rejects.toThrow(/was lost/);
      await expect(space.read(w)).rejects.toThrow(/was lost/);
    });
  });
});

describe("its kernels", () => {
  const rows = randomRows(SHAPE, "f32", 163);
  const problem = objectiveOf(rows, 13);
  const named = (kernels: string) =>
    withObjective({}, rows, { ...problem, kernels }, async (objective) => objective.kernels);

  test("are tiled, and can be pinned", async () => {
    const table = await named("table");
    expect(table).toMatch(/^tiled 8x2/);
    expect(await named("auto")).toBe(table);
    expect(await named("tiled 4x1/64")).toBe("tiled 4x1/64");
  });

  test("are split on a GPU, where classes are few and features many", async () => {
    const some = randomRows(FEW, "f32", 164);
    const few = (kernels: string, capacity: Partial<Capacity>) =>
      withObjective({ capacity }, some, { ...objectiveOf(some, FEW.classes), kernels }, async (objective) => objective.kernels); // prettier-ignore
    expect(await few("table", { slow: false })).toBe("split 4x1/64");
    expect(await few("table", {})).toMatch(/^tiled 8x2/);
    expect(await few("split 4x1/128", {})).toBe("split 4x1/128");
  });

  test("of another kind are an OptionError that names those that are available", async () => {
    await expect(named("fused 4x1")).rejects.toThrow(OptionError);
    await expect(named("fused 4x1")).rejects.toThrow(/is not available for this problem .* such as "tiled/);
  });

  test("are compiled once", async () => {
    await answers(rows, {});
    const compile = vi.spyOn(GPUDevice.prototype, "createComputePipelineAsync");
    await answers(rows, {}, { ...problem, penalties: new Float64Array(SHAPE.features).fill(3), scale: 2 });
    expect(compile.mock.calls.length).toBe(0);
  });
});
