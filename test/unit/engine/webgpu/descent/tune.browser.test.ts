/** Tests the timing of kernels: at the same time for one kind of problem, and where candidates fail. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FUSED_KERNELS } from "../../../../../src/engine/webgpu/kernels/fused-kernels.js";
import { KEPT_CHOICES } from "../../../../../src/engine/webgpu/kernels/kept-choices.js";
import type { Edited } from "../../../../../src/engine/webgpu/kernels/kernels.js";
import { RULES, randomRows, randomWeights } from "../../../../conformance/problems.js";
import { webgpuEngine } from "../../../../support/engines.js";

const SHAPE = { count: 1024, features: 300, classes: 2 };
const ROWS = randomRows(SHAPE, "f32", 1);
const PROBLEM = {
  classes: SHAPE.classes,
  batchSize: 1024,
  intercept: true,
  rule: RULES["sgd"],
  kernels: "auto",
} as const;
const CANDIDATES = 3;
/** Each runs once. Each but the first is compared with the best: once for the length, and three times. */
const submissionsOf = (candidates: number) => candidates + (candidates - 1) * (2 + 3 * 4);

let device: GPUDevice;

beforeEach(async () => {
  await caches.delete(KEPT_CHOICES);
  device = await newDevice();
  // A dispatch takes a millisecond, so that all candidates are timed, and none wins.
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
  vi.spyOn(performance, "now").mockImplementation(() => dispatch.mock.calls.length);
});

afterEach(() => {
  vi.restoreAllMocks();
  device.destroy();
});

async function newDevice(): Promise<GPUDevice> {
  const adapter = await navigator.gpu.requestAdapter();
  const found = await adapter?.requestDevice();
  if (!found) throw new Error("There is no device.");
  return found;
}

/** Places the rows on an engine for which several kernels are candidates. */
async function placed(edited: Edited = {}) {
  const engine = await webgpuEngine({
    device,
    capacity: { slow: false, subgroups: false, kinds: ["fused"] },
    edited,
  });
  return engine.place(ROWS);
}

/** Counts the submissions that time kernels. */
function countTimings(): () => number {
  const create = vi.spyOn(GPUDevice.prototype, "createCommandEncoder");
  return () => create.mock.calls.filter(([given]) => given?.label === "tuning").length;
}

/** The fused kernel, which does not compile where this is false. */
function asserting(assertion: string): Edited {
  return { fused: `${FUSED_KERNELS.fused.source}\nconst_assert ${assertion};\n` };
}

test("descents of one kind that start together time their kernels once", async () => {
  const timings = countTimings();
  const placement = await placed();
  const start = () => placement.descent(PROBLEM, randomWeights(SHAPE, 2));
  const descents = await Promise.all([start(), start(), start()]);
  expect(timings()).toBe(submissionsOf(CANDIDATES));
  expect(new Set(descents.map(({ kernels }) => kernels)).size).toBe(1);
  await start();
  expect(timings()).toBe(submissionsOf(CANDIDATES));
});

/** Starts a descent on a device of its own, as the next visit to the page does. */
async function revisited(): Promise<string> {
  device.destroy();
  device = await newDevice();
  const { kernels } = await (await placed()).descent(PROBLEM, randomWeights(SHAPE, 2));
  return kernels;
}

test("the next visit to the page knows the choice", async () => {
  const timings = countTimings();
  const first = await revisited();
  expect(timings()).toBe(submissionsOf(CANDIDATES));
  await vi.waitFor(async () => expect(await (await caches.open(KEPT_CHOICES)).keys()).toHaveLength(1));
  expect(await revisited()).toBe(first);
  expect(timings()).toBe(submissionsOf(CANDIDATES));
});

test("a name that is no candidate's, and storage that is refused, are as if there were none", async () => {
  const first = await revisited();
  const kept = await caches.open(KEPT_CHOICES);
  const [address] = await vi.waitFor(async () => {
    const keys = await kept.keys();
    expect(keys).toHaveLength(1);
    return keys;
  });
  await kept.put(address, new Response("tiled 3x7/99"));
  const timings = countTimings();
  expect(await revisited()).toBe(first);
  expect(timings()).toBe(submissionsOf(CANDIDATES));
  vi.spyOn(caches, "open").mockRejectedValue(new DOMException("Storage is off.", "SecurityError"));
  expect(await revisited()).toBe(first);
  expect(timings()).toBe(2 * submissionsOf(CANDIDATES));
});

test("descents of two kinds time theirs each", async () => {
  const timings = countTimings();
  const placement = await placed();
  await Promise.all([
    placement.descent(PROBLEM, randomWeights(SHAPE, 2)),
    placement.descent({ ...PROBLEM, batchSize: 256 }, randomWeights(SHAPE, 2)),
  ]);
  expect(timings()).toBeGreaterThanOrEqual(2 * submissionsOf(CANDIDATES)); // both count dispatches
});

test("a candidate that fails is left out", async () => {
  const timings = countTimings();
  const placement = await placed(asserting("ROWS != 2u")); // the first choice of the table
  const { kernels } = await placement.descent(PROBLEM, randomWeights(SHAPE, 2));
  expect(kernels).toMatch(/^fused [41]x1\/16$/);
  expect(timings()).toBe(submissionsOf(CANDIDATES - 1));
});

test("where all fail, so do the descents, and the next one times kernels again", async () => {
  const wrong = await placed(asserting("ROWS == 0u"));
  const failing = [1, 2].map((seed) => wrong.descent(PROBLEM, randomWeights(SHAPE, seed)));
  for (const { status, reason } of (await Promise.allSettled(failing)) as PromiseRejectedResult[]) {
    expect(status).toBe("rejected");
    expect(reason).toHaveProperty("message", expect.stringMatching(/cannot compile fused\.wgsl/));
  }
  const timings = countTimings();
  const { kernels } = await (await placed()).descent(PROBLEM, randomWeights(SHAPE, 2));
  expect(kernels).toMatch(/^fused /);
  expect(timings()).toBe(submissionsOf(CANDIDATES));
});
