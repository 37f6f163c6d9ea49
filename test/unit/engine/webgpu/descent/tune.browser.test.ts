/** Tests the timing of kernels: at the same time for one kind of problem, and where candidates fail. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FUSED_KERNELS } from "../../../../../src/engine/webgpu/kernels/fused-kernels.js";
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
  const adapter = await navigator.gpu.requestAdapter();
  const found = await adapter?.requestDevice();
  if (!found) throw new Error("There is no device.");
  device = found;
  // A dispatch takes a millisecond, so that all candidates are timed, and none wins.
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
  vi.spyOn(performance, "now").mockImplementation(() => dispatch.mock.calls.length);
});

afterEach(() => {
  vi.restoreAllMocks();
  device.destroy();
});

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
