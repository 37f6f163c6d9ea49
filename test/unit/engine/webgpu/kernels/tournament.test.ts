/** Tests the choice of the fastest kernels against simulated devices and clocks. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceError } from "../../../../../src/core/errors.js";
import { randomIntegers } from "../../../../../src/core/random.js";
import type { KernelChoice } from "../../../../../src/engine/webgpu/kernels/choice.js";
import { fastest } from "../../../../../src/engine/webgpu/kernels/tournament.js";

/** Milliseconds since the test began. */
let now = 0;
/** The smallest change that the clock shows. */
let resolution = 0.005;
let live = 0;
let runs = 0;

beforeEach(() => {
  [now, resolution, live, runs] = [0, 0.005, 0, 0];
  vi.spyOn(performance, "now").mockImplementation(() => Math.floor(now / resolution) * resolution);
});
afterEach(() => void vi.restoreAllMocks());

const choiceOf = (rows: number): KernelChoice => ({
  kind: "tiled",
  rows,
  vectors: 1,
  span: 64,
  sharing: "none",
});

interface Simulation {
  /** Milliseconds of a block of each candidate, or why it cannot run. */
  readonly blocks: readonly (number | Error)[];
  /** Milliseconds of a round trip, and by how much that changes. */
  readonly latency?: number;
  readonly noise?: number;
  /** Milliseconds of compiling. */
  readonly compiling?: number;
  /** How much slower the device is at first: it speeds up within 20 ms. */
  readonly cold?: number;
  readonly check?: () => void;
}

/** Returns the number of the chosen candidate. */
async function winner({ blocks, latency = 0.5, noise = 0, compiling = 0, cold = 1, check }: Simulation) {
  const random = randomIntegers(5);
  const choices = blocks.map((_, n) => choiceOf(n + 1));
  const open = (choice: KernelChoice) => {
    const each = blocks[choices.indexOf(choice)];
    now += compiling;
    if (each instanceof Error) return Promise.reject(each);
    live++;
    const run = (count: number) => {
      runs++;
      const slower = now < 20 ? cold : 1;
      now += slower * count * each + latency + noise * (random() / 2 ** 32);
      return Promise.resolve();
    };
    return Promise.resolve({ choice, most: 4096, run, release: () => void live-- });
  };
  const { rows } = await fastest(choices, open, check ?? (() => {}));
  expect(live).toBe(0);
  return rows - 1;
}

describe.each([0.5, 15, 103])("a round trip of %d ms", (latency) => {
  test.each([0.002, 0.04, 3])("does not hide that blocks of %d ms can take a fifth less", async (each) => {
    const noise = Math.min(0.3, latency / 10);
    expect(await winner({ blocks: [each, 0.8 * each], latency, noise })).toBe(1);
    expect(await winner({ blocks: [0.8 * each, each], latency, noise })).toBe(0);
  });
});

test("a clock of 0.1 ms is enough, and compiling costs no timing", async () => {
  resolution = 0.1;
  expect(await winner({ blocks: [0.04, 0.05, 0.06, 0.03], compiling: 200 })).toBe(3);
});

test("a device that speeds up favours none", async () => {
  expect(await winner({ blocks: [0.05, 0.06], cold: 3 })).toBe(0);
  expect(await winner({ blocks: [0.06, 0.05], cold: 3 })).toBe(1);
});

test("the first candidate stays unless another is clearly faster", async () => {
  expect(await winner({ blocks: [0.05, 0.049] })).toBe(0);
  expect(await winner({ blocks: [0.05, 0.04, 0.0399] })).toBe(2); // a challenger has no such claim
});

test("timing ends after its budget, and compiling after some seconds", async () => {
  expect(await winner({ blocks: [40, 30, 20] })).toBe(1);
  expect(await winner({ blocks: [0.04, 0.03, 0.02], compiling: 1600 })).toBe(1);
});

test("one candidate is not timed", async () => {
  expect(await winner({ blocks: [0.05] })).toBe(0);
  expect(runs).toBe(1);
});

const refused = new DeviceError("refused");

test("candidates that fail are left out", async () => {
  expect(await winner({ blocks: [refused, 0.05, refused, 0.04] })).toBe(3);
});

test("where all fail, the first error is thrown, and another error ends it at once", async () => {
  await expect(winner({ blocks: [refused, new DeviceError("later")] })).rejects.toThrow(refused);
  await expect(winner({ blocks: [0.05, new TypeError("a mistake"), 0.04] })).rejects.toThrow("a mistake");
  expect(live).toBe(0);
});

test("a device that can run none says so", async () => {
  const check = () => {
    throw new DeviceError("lost");
  };
  await expect(winner({ blocks: [0.05, refused, 0.04], check })).rejects.toThrow("lost");
  expect(live).toBe(0);
});
