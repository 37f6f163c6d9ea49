/** Tests the wasm engine's memory: allocation, growth, reuse and release. */
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Placement } from "../../../../src/engine/engine.js";
import type { ObjectiveProblem } from "../../../../src/engine/objective.js";
import { Heap } from "../../../../src/engine/wasm/heap.js";
import { rowLayout } from "../../../../src/engine/wasm/layout.js";
import { DeviceError } from "../../../../src/index.js";
import {
  RULES,
  penaltiesOf,
  plan,
  randomRows,
  randomWeights,
  runAll,
} from "../../../conformance/problems.js";
import { CASES, OBJECTIVES, answered, answers, trained } from "./agreement.js";
import { KERNELS, type KernelKind } from "./pinned.js";
import { wasmEngine } from "../../../support/engines.js";

const PAGE = 2 ** 16;
const GiB = 2 ** 30;

const allocate = (heap: Heap, bytes: number) => heap.allocate(bytes, "A test");

describe("blocks", () => {
  test("begin at multiples of 64, past the first page, and none overlaps another, whatever is freed between", () => {
    const allocation = fc.record({ bytes: fc.integer({ min: 0, max: 300_000 }), freed: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(allocation, { minLength: 1, maxLength: 60 }), (allocations) => {
        const heap = new Heap();
        const blocks = new Map<number, number>();
        for (const { bytes, freed } of allocations) {
          const address = allocate(heap, bytes);
          expect(address % 64).toBe(0);
          expect(address).toBeGreaterThanOrEqual(PAGE);
          expect(address + bytes).toBeLessThanOrEqual(heap.memory.buffer.byteLength);
          for (const [other, size] of blocks) {
            expect(address + Math.max(1, bytes) <= other || other + Math.max(1, size) <= address).toBe(true);
          }
          blocks.set(address, bytes);
          const victim = Array.from(blocks.keys())[freed];
          if (victim !== undefined && freed % 2 === 0) {
            heap.free(victim);
            blocks.delete(victim);
          }
        }
        const bytes = Array.from(blocks.values(), (size) => 64 * Math.max(1, Math.ceil(size / 64)));
        expect(heap.live).toEqual({ blocks: blocks.size, bytes: bytes.reduce((a, b) => a + b, 0) });
        for (const address of blocks.keys()) heap.free(address);
        expect(heap.live).toEqual({ blocks: 0, bytes: 0 });
        // The free memory is one range again: a block of the grown size fits without growing further.
        const grown = heap.memory.buffer.byteLength;
        expect(allocate(heap, grown - PAGE)).toBe(PAGE);
        expect(heap.memory.buffer.byteLength).toBe(grown);
      }),
    );
  });

  test("that are freed are used again, in whichever order they are freed", () => {
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [2, 0, 1],
      [1, 2, 0],
    ]) {
      const heap = new Heap();
      const three = [1000, 2000, 3000].map((bytes) => allocate(heap, bytes));
      const after = allocate(heap, 1);
      for (const n of order) heap.free(three[n]);
      expect(allocate(heap, 1024 + 2048 + 3008)).toBe(three[0]);
      expect(allocate(heap, 1)).toBe(after + 64);
    }
  });

  test("of no bytes have an address of their own", () => {
    const heap = new Heap();
    expect(allocate(heap, 0)).not.toBe(allocate(heap, 0));
  });

  test("are freed once", () => {
    const heap = new Heap();
    const block = allocate(heap, 100);
    heap.free(block);
    expect(() => heap.free(block)).toThrow(/no block at 65536/);
    expect(() => heap.free(0)).toThrow(/no block at 0/);
  });
});

describe("memory", () => {
  test("grows by the pages that are missing, and what it held stays", () => {
    const heap = new Heap();
    expect(heap.memory.buffer.byteLength).toBe(PAGE);
    const first = allocate(heap, 4 * PAGE - 640);
    expect(heap.memory.buffer.byteLength).toBe(5 * PAGE);
    heap.u32(first, 2).set([7, 4e9]);
    allocate(heap, 640);
    expect(heap.memory.buffer.byteLength).toBe(5 * PAGE);
    allocate(heap, 1);
    expect(heap.memory.buffer.byteLength).toBe(6 * PAGE);
    expect(Array.from(heap.u32(first, 2))).toEqual([7, 4e9]);
  });

  test("is grown only by what the last free range lacks", () => {
    const heap = new Heap();
    allocate(heap, PAGE / 2);
    const large = allocate(heap, PAGE);
    expect(large).toBe(PAGE + PAGE / 2);
    expect(heap.memory.buffer.byteLength).toBe(3 * PAGE);
  });

  test("ends where wasm32 does: a DeviceError names what is asked for, what there is and what is free", () => {
    const heap = new Heap();
    const before = allocate(heap, 64);
    const asked = () => heap.allocate(4 * GiB, "1000000 rows of 1024 features");
    expect(asked).toThrow(DeviceError);
    expect(asked).toThrow(
      /^1000000 rows of 1024 features takes 4294967296 bytes, and of the 4294901760 .* 4294836160 are free: use fewer rows/,
    );
    expect(heap.live).toEqual({ blocks: 1, bytes: 64 });
    expect(heap.memory.buffer.byteLength).toBe(2 * PAGE);
    expect(allocate(heap, 64)).toBe(before + 64);
  });

  test("that the machine does not give is a DeviceError", () => {
    const heap = new Heap();
    heap.memory.grow = () => {
      throw new RangeError("failed to grow");
    };
    expect(() => heap.allocate(GiB, "A test")).toThrow(DeviceError);
    expect(() => heap.allocate(GiB, "A test")).toThrow(
      /^A test takes 1073741824 bytes, and this machine gives WebAssembly no more than the 65536 that it has: /,
    );
    expect(heap.live).toEqual({ blocks: 0, bytes: 0 });
  });
});

describe("an engine", () => {
  const shape = { count: 700, features: 9, classes: 5 };
  const rows = randomRows(shape, "f32", 1);
  const problemOf = (kernels: KernelKind): ObjectiveProblem => ({
    classes: 5,
    intercept: true,
    scale: 1 / 601,
    ...penaltiesOf(shape.features),
    rows: range(601),
    kernels,
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each(KERNELS)("leaves nothing behind, however often it is used: %s", async (kernels) => {
    const heap = new Heap();
    const engine = await wasmEngine({ heap });
    let grown = 0;
    for (let fit = 0; fit < 50; fit++) {
      const rule = Object.values(RULES)[fit % 5];
      const placement = await engine.place(rows);
      const problem = { classes: 5, batchSize: 600, intercept: true, rule, kernels };
      const descent = await placement.descent(problem, randomWeights(shape, 2));
      const { order, steps } = plan(rows, 600, fit % 3 === 0);
      await descent.evaluate(range(100));
      for await (const _ of descent.run([{ order, steps }]));
      await descent.evaluate(order);
      await descent.weights();
      expect(heap.live.blocks).toBeGreaterThan(3);
      descent.release();
      expect(heap.live.blocks).toBe(3); // X, labels and row weights
      placement.release();
      expect(heap.live).toEqual({ blocks: 0, bytes: 0 });
      if (fit === 4) grown = heap.memory.buffer.byteLength;
    }
    expect(heap.memory.buffer.byteLength).toBe(grown);
    engine.close();
  });

  test.each(KERNELS)("leaves nothing behind of objectives: %s", async (kernels) => {
    const heap = new Heap();
    const engine = await wasmEngine({ heap });
    const placement = await engine.place(rows);
    let grown = 0;
    for (let fit = 0; fit < 10; fit++) {
      const objective = await placement.objective(problemOf(kernels));
      const { space } = objective;
      const created = heap.live;
      const [w, g] = [space.vector(randomWeights(shape, 2)), space.vector()];
      space.multiply(g, space.matrix(new Float32Array(10 ** 2)), w);
      expect(heap.live.blocks).toBe(created.blocks + 3);
      await objective.linearize(w, g);
      await objective.evaluate(w, range(700));
      expect(heap.live.blocks).toBe(created.blocks + 3);
      objective.release();
      expect(heap.live.blocks).toBe(3);
      if (fit === 0) grown = heap.memory.buffer.byteLength;
    }
    expect(heap.memory.buffer.byteLength).toBe(grown);
    placement.release();
    expect(heap.live).toEqual({ blocks: 0, bytes: 0 });
    engine.close();
  });

  /** What a training and an objective compute in a heap. */
  async function computed(kernels: KernelKind, heap: Heap) {
    const problem = { classes: 5, batchSize: 600, intercept: true, rule: RULES["adam"], kernels };
    const engine = await wasmEngine({ heap });
    const { results, weights } = await runAll(engine, rows, problem, randomWeights(shape, 2));
    const placement = await engine.place(rows);
    const answered = await answers(placement, problemOf(kernels), shape.features);
    placement.release();
    engine.close();
    return { results, weights, answered };
  }

  test.each(KERNELS)("computes the same at addresses past 2 GiB, and near the last: %s", async (kernels) => {
    const from = (taken: number) => {
      const heap = new Heap();
      allocate(heap, taken);
      return computed(kernels, heap);
    };
    const low = await computed(kernels, new Heap());
    expect(await from(2.2 * GiB)).toEqual(low);
    expect(await from(4 * GiB - 100 * PAGE)).toEqual(low);
  });

  test.each(KERNELS)("computes the same in memory that held anything: %s", async (kernels) => {
    const dirty = new Heap();
    const block = allocate(dirty, 2 ** 25);
    dirty.f32(block, 2 ** 23).fill(Number.NaN);
    dirty.free(block);
    for (const { compute, shape } of [
      { compute: trained, shape: CASES[kernels].shape },
      { compute: answered, shape: OBJECTIVES[kernels].shape },
    ]) {
      const data = randomRows(shape, "f32", 3);
      const clean = await compute(kernels, data, { heap: new Heap(), threads: 3 });
      expect(await compute(kernels, data, { heap: dirty, threads: 3 })).toEqual(clean);
    }
    expect(dirty.memory.buffer.byteLength).toBe(2 ** 25 + PAGE);
  });

  const creations = {
    training: (placement: Placement, kernels: KernelKind) =>
      placement.descent(
        { classes: 5, batchSize: 600, intercept: true, rule: RULES["adam"], kernels },
        randomWeights(shape, 2),
      ),
    objective: (placement: Placement, kernels: KernelKind) => placement.objective(problemOf(kernels)),
  };
  test.each(
    KERNELS.flatMap((kernels) =>
      Object.entries(creations).map(([what, create]) => ({ kernels, what, create })),
    ),
  )(
    "leaves nothing behind of a $what whose memory runs out, wherever: $kernels",
    async ({ kernels, create }) => {
      const heap = new Heap();
      const engine = await wasmEngine({ heap });
      const placement = await engine.place(rows);
      const before = heap.live;
      const full = heap.allocate.bind(heap);
      let left = 0;
      vi.spyOn(heap, "allocate").mockImplementation((bytes, what) => {
        if (left-- === 0) throw new DeviceError(`${what} has no more memory`);
        return full(bytes, what);
      });
      let blocks = 0;
      for (; blocks < 100; blocks++) {
        left = blocks;
        const created = await create(placement, kernels).catch((error: unknown) => error);
        if (!(created instanceof DeviceError)) break;
        expect(heap.live).toEqual(before);
      }
      expect(blocks).toBeGreaterThan(5);
      expect(blocks).toBeLessThan(100);
      expect(heap.live.blocks).toBe(before.blocks + blocks);
      engine.close();
    },
  );

  test.each(
    KERNELS.flatMap((kernels) =>
      Object.entries(creations).map(([what, create]) => ({ kernels, what, create })),
    ),
  )("names all bytes that a $what needs, and all that are free: $kernels", async ({ kernels, create }) => {
    const heap = new Heap();
    const engine = await wasmEngine({ heap, threads: 1 });
    const placement = await engine.place(rows);
    const before = heap.live.bytes;
    const created = await create(placement, kernels);
    if ("space" in created) for (let n = 0; n < 3; n++) created.space.vector();
    const needed = heap.live.bytes - before;
    created.release();
    allocate(heap, 4 * GiB - 2 * PAGE - before - 0.85 * needed);
    const free = 4 * GiB - 2 * PAGE - heap.live.bytes;
    const refused = String(await create(placement, kernels).catch((error: unknown) => error));
    const [takes = 0, left] = (/ takes (\d+) bytes.* (\d+) are free/.exec(refused) ?? [])
      .slice(1)
      .map(Number);
    expect(takes).toBeGreaterThan(free);
    expect(takes).toBeLessThanOrEqual(needed);
    expect(takes).toBeGreaterThan(0.9 * needed);
    expect(left).toBe(free);
    engine.close();
  });

  test("goes on with an objective that has no memory for a vector, a matrix or other rows", async () => {
    const heap = new Heap();
    const engine = await wasmEngine({ heap });
    const placement = await engine.place(rows);
    const objective = await placement.objective(problemOf("fused"));
    const { space } = objective;
    const [w, g] = [space.vector(randomWeights(shape, 2)), space.vector()];
    const [before, sums] = [heap.live, await objective.linearize(w, g)];
    const gone = vi.spyOn(heap, "allocate").mockImplementation((_, what) => {
      throw new DeviceError(`${what} has no more memory`);
    });
    expect(() => space.vector()).toThrow(DeviceError);
    expect(() => space.matrix(new Float32Array(10 ** 2))).toThrow(DeviceError);
    await expect(objective.evaluate(w, range(700))).rejects.toThrow(DeviceError);
    gone.mockRestore();
    expect(heap.live).toEqual(before);
    expect(await objective.linearize(w, g)).toEqual(sums);
    expect(await objective.evaluate(w, range(601))).toEqual(sums);
    engine.close();
  });

  test("leaves nothing behind of what does not fit, and goes on", async () => {
    const heap = new Heap();
    const engine = await wasmEngine({ heap });
    const placement = await engine.place(rows);
    const before = heap.live;
    const problem = { classes: 2 ** 27, batchSize: 100, intercept: true, rule: RULES["sgd"] };
    const huge = placement.descent(problem, new Float32Array());
    await expect(huge).rejects.toThrow(DeviceError);
    await expect(huge).rejects.toThrow(
      /^Training 9 features × 134217728 classes in batches of 100 takes \d{11} bytes, and of the 4294901760 /,
    );
    expect(heap.live).toEqual(before);
    const x = new Float64Array(12).fill(1e300);
    const wrong = engine.place({ count: 4, features: 3, x, scale: 1, labels: new Uint32Array(4) });
    await expect(wrong).rejects.toThrow(/1e\+300 at row 0, column 0/);
    expect(heap.live).toEqual(before);
    placement.release();
    expect(heap.live.blocks).toBe(0);
    engine.close();
  });
});

test("rows beyond 4 GiB are a DeviceError, and no memory is taken to find out", async () => {
  const heap = new Heap();
  const engine = await wasmEngine({ heap, threads: 1 });
  const x = new Float32Array();
  const bytes = 5_000_000 * (rowLayout(250, x).rowBytes + 8); // features, a label and a weight per row
  expect(bytes).toBeGreaterThan(4 * GiB);
  const placing = engine.place({ count: 5_000_000, features: 250, x, scale: 1, labels: new Uint32Array() });
  await expect(placing).rejects.toThrow(DeviceError);
  await expect(placing).rejects.toThrow(`5000000 rows of 250 features takes ${bytes} bytes, and of the `);
  expect(heap.memory.buffer.byteLength).toBe(PAGE);
  engine.close();
});
