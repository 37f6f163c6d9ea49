/** Counts what an iteration of a second-order solver asks of a GPU, through `train`. */
import { afterEach, expect, test, vi } from "vitest";
import { trainer } from "../../../src/index.js";
import { randomIntegers } from "../../../src/core/random.js";

const ROWS = 2000;
const FEATURES = 64;
const CLASSES = 10;

const random = randomIntegers(11);
const real = () => random() / 2 ** 31 - 1;
const x = Float32Array.from({ length: ROWS * FEATURES }, real);
const planes = Float32Array.from({ length: FEATURES * CLASSES }, real);
/** The class of the largest noisy logit. */
const y = Array.from({ length: ROWS }, (_, row) => {
  const logits = Array.from({ length: CLASSES }, (_, k) => {
    let z = 2 * real();
    for (let d = 0; d < FEATURES; d++) z += x[row * FEATURES + d] * planes[d * CLASSES + k];
    return z;
  });
  return logits.indexOf(Math.max(...logits));
});

afterEach(() => vi.restoreAllMocks());

/** Counts calls from here on. */
function counted() {
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, "dispatchWorkgroups");
  const bind = vi.spyOn(GPUDevice.prototype, "createBindGroup");
  const map = vi.spyOn(GPUBuffer.prototype, "mapAsync");
  return () => ({
    dispatches: dispatch.mock.calls.length,
    bindGroups: bind.mock.calls.length,
    waits: map.mock.calls.length,
  });
}

test("an iteration of L-BFGS takes at most 14 dispatches, no new bind group and 2 waits", async () => {
  const counts = counted();
  const options = { engine: "webgpu", maxIterations: 40, tolerance: 1e-9 } as const;
  const progress = trainer({ x, y, features: FEATURES }, options);
  /** The counts at the first iterations, in which bind groups are new, and at the last of L-BFGS. */
  const seen = [];
  for await (const { iteration } of progress) if (iteration <= 20) seen.push({ iteration, ...counts() });
  const [from] = seen.filter(({ iteration }) => iteration >= 3);
  const to = seen[seen.length - 1];
  const iterations = to.iteration - from.iteration;
  expect(iterations).toBeGreaterThan(10);
  expect(to.dispatches - from.dispatches).toBeLessThanOrEqual(14 * iterations);
  expect(to.waits - from.waits).toBeLessThanOrEqual(2 * iterations);
  expect(to.bindGroups).toBe(from.bindGroups);
});

test("a product with the Hessian takes at most 6 dispatches, and four of them one wait", async () => {
  const pipeline = vi.spyOn(GPUComputePassEncoder.prototype, "setPipeline");
  const products = () => pipeline.mock.calls.filter(([{ label }]) => label === "hessian-residual").length;
  const counts = counted();
  const options = { engine: "webgpu", solver: "newton", tolerance: 1e-9 } as const;
  const seen = [];
  for await (const { iteration } of trainer({ x, y, features: FEATURES }, options))
    seen.push({ iteration, products: products(), ...counts() });
  const [from, to] = [seen[1], seen[seen.length - 1]];
  const [iterations, multiplied] = [to.iteration - from.iteration, to.products - from.products];
  expect(multiplied).toBeGreaterThan(20);
  // An iteration waits for its line search, its point, and twice more near the minimum; its first steps of
  // conjugate gradients are one, two and then four at a time.
  expect(to.waits - from.waits).toBeLessThanOrEqual(multiplied / 4 + 8 * iterations);
  expect(to.dispatches - from.dispatches).toBeLessThanOrEqual(6 * multiplied + 24 * iterations);
});
