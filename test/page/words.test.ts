/** Tests the sentences in which the page reports a training. */
import { expect, test } from "vitest";
import type { Summary } from "../../bench/page/train/protocol.js";
import type { Parity, Progress } from "../../src/index.js";
import * as words from "../../bench/page/train/words.js";

const SUMMARY: Summary = {
  completed: true,
  reason: "all 10 epochs are done",
  engine: { name: "webgpu", adapter: "google swiftshader", kernels: "table", why: "engine is webgpu" },
  examples: 60_000,
  limit: { unit: "epoch", most: 10 },
  taken: 10,
  converged: false,
  loss: 0.2567,
  trainAccuracy: 0.92842,
  testAccuracy: 0.9265,
  testExamples: 10_000,
  seconds: 5.83,
};
const PARITY: Parity = {
  rho: 0.255,
  stages: { logits: 0.003, residual: 0.255, loss: 0.15, gradient: 0.036, update: 0.25 },
  steps: 4,
  examples: 1632,
};

test("the end is told, whole or in part", () => {
  expect(words.endWords(SUMMARY)).toBe(
    "Done: 10 epochs in 5.8 s, and tested on 10,000 digits that it had not seen. It ended because all 10 epochs are done.",
  );
  const one = {
    ...SUMMARY,
    limit: { unit: "iteration", most: 1 },
    taken: 1,
    reason: "it is enough",
  } as const;
  expect(words.endWords(one)).toMatch(/^Done: 1 iteration in 5.8 s, .* It ended because it is enough\.$/);
  expect(words.takenWords({ ...one, taken: 1234 })).toBe("1,234 iterations");
  const stopped = { ...SUMMARY, completed: false, reason: "aborted after step 361, in epoch 4" };
  expect(words.endWords(stopped)).toMatch(/^Stopped \(aborted after step 361, in epoch 4\)\./);
  expect(words.accuracyWords(SUMMARY)).toBe("9,265 of 10,000 correct; 92.84 % of the training digits");
});

test("one thread is explained, where the page may not share memory", () => {
  expect(words.threadsWords("wasm", false)).toMatch(/^ It has one thread only, because .* isolation\.$/);
  expect(words.threadsWords("wasm", true)).toBe("");
  expect(words.threadsWords("webgpu", false)).toBe("");
});

test("how far it is changes with the epoch, or with ten iterations", () => {
  const at = (iteration: number, epoch: number): Progress => ({
    iteration,
    epoch,
    examples: 0,
    loss: 1,
    accuracy: 0,
    examplesPerSecond: 0,
    elapsed: 0,
    fraction: 0,
  });
  expect(words.trainingWords(at(354, 3), SUMMARY.limit)).toBe("Training: epoch 3 of 10.");
  const told = [0, 9, 10, 354].map((n) => words.trainingWords(at(n, n), { unit: "iteration", most: 1000 }));
  expect(told).toEqual(
    [1, 1, 10, 350].map((iteration) => `Training: iteration ${iteration} of at most 1,000.`),
  );
});

test("parity is within the bound, or beyond it", () => {
  expect(words.parityWords(PARITY)).toBe(
    "ρ = 0.26, within the derived error bound: the worst of 4 checks, 1,632 examples.",
  );
  const wrong = { ...PARITY, rho: 7.2, steps: 1, examples: 512 };
  expect(words.parityWords(wrong)).toBe(
    "ρ = 7.2, beyond the derived error bound: the worst of 1 check, 512 examples.",
  );
});

test("what computes is told, before and after", () => {
  const auto = {
    name: "wasm",
    adapter: "WebAssembly, SIMD, 2 threads",
    why: "engine is auto and there is no GPU",
  };
  expect(words.autoWords(auto)).toBe(
    "“Automatic” is wasm on WebAssembly, SIMD, 2 threads: engine is auto and there is no GPU.",
  );
  expect(words.engineWords(SUMMARY)).toBe("Trained by webgpu on google swiftshader: engine is webgpu.");
});

test("errors are told in plain words, and where an engine is not available there is advice", () => {
  expect(words.trouble({ name: "DivergenceError", message: "The loss is NaN at step 2." })).toEqual({
    title: "The training diverged",
    detail: "The loss is NaN at step 2.",
  });
  expect(words.trouble({ name: "DeviceError", message: "No adapter." }).detail).toMatch(/“Automatic”/);
  expect(words.trouble({ name: "TypeError", message: "x" }).title).toBe("Unexpected error");
});
