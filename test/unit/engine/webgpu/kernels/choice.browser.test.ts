/**
 * Checks that kernels are chosen by timing them, within bounds, that the choice is recorded, and that pinning
 * it gives the same bits.
 */
import { describe, expect, test, vi } from "vitest";
import { capacityWithin } from "../../../../../src/engine/webgpu/device/capacity.js";
import {
  type KernelChoice,
  choices,
  nameOf,
  objectiveChoices,
  stepChoiceNamed,
  tilesOf,
} from "../../../../../src/engine/webgpu/kernels/choice.js";
import { cutObjective } from "../../../../../src/engine/webgpu/kernels/cut-objective.js";
import { shapeOf } from "../../../../../src/engine/webgpu/kernels/cut.js";
import { OptionError, train } from "../../../../../src/index.js";
import { RULES, plan, randomRows, randomWeights } from "../../../../conformance/problems.js";
import { webgpuEngine } from "../../../../support/engines.js";

const shape = { count: 2000, features: 60, classes: 10 };
const rows = randomRows(shape, "f32", 1);
const problem = { classes: 10, intercept: true, rule: RULES["sgd"], batchSize: 1000 };
/** Treats SwiftShader as a GPU, where the table decides and nothing is timed. */
const capacity = { slow: false, kinds: ["fused"] } as const;

async function trained(kernels: string) {
  const engine = await webgpuEngine({ capacity });
  const placement = await engine.place(rows);
  const descent = await placement.descent({ ...problem, kernels }, randomWeights(shape, 2));
  const { order, steps } = plan(rows, 1000, false);
  for await (const _ of descent.run([{ order, steps }]));
  const weights = await descent.weights();
  descent.release();
  placement.release();
  engine.close();
  return { kernels: descent.kernels, weights };
}

const possible = (subgroups: boolean): KernelChoice[] =>
  choices(
    { features4: 16, classes: 10, batchSize: 1000, planRows: 2 ** 16, gathered: false },
    { ...capacityWithin({ bindingBytes: 2 ** 30, storageBuffers: 10, subgroups, slow: false }), ...capacity },
  );

const WIDE = { features4: 257, classes: 1000, batchSize: 1024, planRows: 4096, gathered: false };
const HELD = { bindingBytes: 2 ** 30, storageBuffers: 10, subgroups: true };

describe("the choice", () => {
  test("is one of a handful that suit the shape and the adapter", () => {
    expect(possible(true).map(nameOf)).toEqual([
      "fused 2x1/16",
      "fused 4x1/16",
      "fused 1x1/16",
      "fused 2x1/16 subgroups",
      "fused 4x1/16 subgroups",
      "fused 1x1/16 subgroups",
    ]);
    expect(possible(false).map(nameOf)).toEqual(["fused 2x1/16", "fused 4x1/16", "fused 1x1/16"]);
  });

  test("splits the features of few classes on a GPU, where there are many", () => {
    const shape = { features4: 197, classes: 10, batchSize: 4096, planRows: 2 ** 16, gathered: false };
    const names = (changes: Partial<typeof shape>, slow = false) =>
      choices({ ...shape, ...changes }, capacityWithin({ ...HELD, subgroups: false, slow })).map(nameOf);
    expect(names({})).toEqual(["split 4x1/128", "fused 2x2/64", "fused 4x2/64", "fused 1x2/64"]);
    expect(names({ features4: 31 })[0]).toBe("fused 2x1/64");
    expect(names({ classes: 25 })[0]).toBe("tiled 4x1/256");
    expect(names({}, true)).toEqual(["fused 8x2/1024", "fused 4x2/1024"]);
  });

  test("of an objective fills a GPU with short chains where classes are few", () => {
    const mnist = { count: 4096, features: 784, x: new Uint8Array(), scale: 1, labels: new Uint32Array() };
    const capacity = capacityWithin({ ...HELD, slow: false });
    const [choice] = objectiveChoices(shapeOf(mnist, 10, 4096, capacity), capacity);
    const { logits } = cutObjective(mnist, 10, 4096, capacity, choice);
    if (logits.kind !== "split") throw new Error(`The logits are ${logits.kind}.`);
    expect(Math.ceil(logits.features4 / logits.lanes)).toBeLessThanOrEqual(8); // turns of its loop
    expect(Math.ceil(4096 / logits.groupRows)).toBeGreaterThanOrEqual(256); // workgroups
  });

  test("is of workgroups that share on a GPU, where most of their threads have work", () => {
    const names = (changes: Partial<typeof WIDE>, slow = false) =>
      choices({ ...WIDE, ...changes }, capacityWithin({ ...HELD, slow })).map(nameOf);
    // No more than three may be timed before the time is up.
    expect(names({}).slice(0, 3)).toEqual(["tiled 4x1/512 shared", "tiled 4x1/1024", "tiled 8x2/256 shared"]);
    for (const few of [{ classes: 64 }, { batchSize: 32 }, { features4: 8 }]) {
      expect(names(few).filter((name) => name.endsWith("shared"))).toEqual([]);
      expect(names(few).filter((name) => name.endsWith("shared 8x8"))).toHaveLength(2);
    }
    expect(names({ classes: 32 }).filter((name) => name.includes("shared"))).toEqual([]);
    const compatible = choices(WIDE, capacityWithin({ ...HELD, slow: false, threads: 128 })).map(nameOf);
    expect(compatible.slice(0, 3)).toEqual(["tiled 4x1/1024", "tiled 8x2/512", "tiled 4x1/512 shared 8x8"]);
    expect(names({}, true)).toEqual(["tiled 8x3/1024 subgroups", "tiled 4x3/1024 subgroups"]);
  });

  test("cuts many classes into large tiles on a software adapter, of the size that pads least", () => {
    const tiles = (classes: number, slow = true) => tilesOf(classes, { slow, registers: Infinity });
    expect(tiles(1000, false)).toEqual({ tile4: 2, tiles: 125 });
    expect(tiles(1000)).toEqual({ tile4: 6, tiles: 42 });
    expect(tiles(100)).toEqual({ tile4: 5, tiles: 5 });
    expect(tiles(64)).toEqual({ tile4: 2, tiles: 8 });
    expect(tiles(12)).toEqual({ tile4: 3, tiles: 1 });
  });

  test("keeps to the registers of an adapter that has few", () => {
    const names = (registers: number, changes: Partial<typeof WIDE> = {}) =>
      choices({ ...WIDE, ...changes }, capacityWithin({ ...HELD, slow: false, registers })).map(nameOf);
    const objective = (registers: number, changes: Partial<typeof WIDE>) =>
      objectiveChoices({ ...WIDE, ...changes }, capacityWithin({ ...HELD, slow: false, registers })).map(
        nameOf,
      );
    const mnist = { features4: 197, classes: 10 };
    const small = { features4: 17, batchSize: 2048 };
    expect(names(Infinity, mnist)[0]).toBe("split 4x1/32");
    expect(names(128, mnist)[0]).toBe("split 4x1/32");
    expect(names(64, mnist)).toEqual(["split 2x1/32"]);
    expect(objective(64, mnist)[0]).toBe("split 2x1/64");
    // The smallest tiles, which share no slabs.
    expect(names(64)).toEqual([
      "tiled 4x1/1024",
      "tiled 2x1/1024",
      "tiled 4x1/1024 subgroups",
      "tiled 2x1/1024 subgroups",
    ]);
    expect(names(128).filter((name) => name.includes("8x2"))).toEqual([]);
    expect(tilesOf(1000, { slow: false, registers: 64 })).toEqual({ tile4: 1, tiles: 250 });
    expect(tilesOf(1000, { slow: false, registers: 128 })).toEqual({ tile4: 2, tiles: 125 });
    // Fused kernels of as many classes as fit.
    const fusedClasses = (registers: number) =>
      [2, 3, 4, 11, 12, 16, 17].filter((classes) =>
        names(registers, { ...small, classes })[0].startsWith("fused"),
      );
    expect(fusedClasses(Infinity)).toEqual([2, 3, 4, 11, 12, 16]);
    expect(fusedClasses(128)).toEqual([2, 3, 4, 11]);
    expect(fusedClasses(64)).toEqual([2, 3]);
  });

  test("that needs more registers than an adapter has can be pinned", () => {
    const capacity = capacityWithin({ ...HELD, slow: false, registers: 64 });
    const shape = { ...WIDE, features4: 17, classes: 10, batchSize: 100 };
    for (const name of ["fused 2x1/64", "steps 1x1/4", "tiled 8x2/256 shared", "split 4x1/64"])
      expect(nameOf(stepChoiceNamed(name, shape, capacity))).toBe(name);
  });

  test("that shares can be pinned on any adapter, where its slabs fit in a workgroup's memory", () => {
    const named = (name: string) => stepChoiceNamed(name, WIDE, capacityWithin({ ...HELD, slow: true }));
    for (const [rows, vectors] of [
      [4, 1],
      [8, 1],
      [4, 2],
      [8, 2],
    ]) {
      // prettier-ignore
      expect(nameOf(named(`tiled ${rows}x${vectors}/256 shared`))).toBe(`tiled ${rows}x${vectors}/256 shared`);
      expect(named(`tiled ${rows}x${vectors} shared`).span).toBe(1024); // the table's
      expect(named(`tiled ${rows}x${vectors} shared 8x8`).sharing).toBe("shared 8x8");
    }
    for (const name of [
      "tiled 2x1 shared",
      "tiled 4x1 shared 4x4",
      "tiled 6x1 shared",
      "tiled 4x3 shared",
      "fused 4x1 shared",
      "tiled 4x1/100",
      "tiled 4x1/8192",
    ])
      expect(() => named(name)).toThrow(OptionError);
  });

  test("is timed once for a kind of problem, and then known", async () => {
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
    const first = await trained("auto");
    const timed = dispatch.mock.calls.length;
    dispatch.mockClear();
    const second = await trained("auto");
    expect(dispatch.mock.calls.length).toBeLessThan(timed / 2);
    expect(second).toEqual(first);
    expect(first.kernels).toMatch(/^fused [124]x1\/16( subgroups)?$/);
    dispatch.mockRestore();
  });

  test("pinned gives the same bits, and each choice its own", async () => {
    const seen = new Set<string>();
    for (const name of ["fused 2x1/16", "fused 4x1/16"]) {
      const [once, again] = [await trained(name), await trained(name)];
      expect(once.kernels).toBe(name);
      expect(again).toEqual(once);
      seen.add(once.kernels);
    }
    expect(seen.size).toBe(2);
  });

  test("that is not available is an OptionError that names those that can", async () => {
    await expect(trained("fused 9x9")).rejects.toThrow(OptionError);
    await expect(trained("mystery")).rejects.toThrow(
      /kernels is "mystery", which is not available .* "auto", "table", or one such as "/,
    );
    await expect(
      train({ x: [[0], [1]], y: [0, 1] }, { engine: "reference", solver: "adam", kernels: "fused 2x1" }),
    ).rejects.toThrow(/the engine is the reference/);
  });

  test("is recorded in the model, which pins it", async () => {
    const data = { x: rows.x, y: rows.labels, features: 60 };
    const options = { engine: "webgpu", solver: "adam", epochs: 1 } as const;
    const model = await train(data, options);
    const pinned = await train(data, { ...options, kernels: model.engine.kernels });
    expect(pinned.engine.kernels).toBe(model.engine.kernels);
    expect(pinned.weights).toEqual(model.weights);
  });
});
