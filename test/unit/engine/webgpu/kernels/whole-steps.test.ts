import { expect, test } from "vitest";
import { cutWhole } from "../../../../../src/engine/webgpu/kernels/whole-steps.js";

const TINY = { features4: 2, classes: 3, batchSize: 150 };
const DIGITS = { features4: 17, classes: 10, batchSize: 256 };

test("a thread that has all features needs no turns", () => {
  expect(cutWhole(TINY, { rows: 1, vectors: 2, span: 64 })).toMatchObject({
    columns: 1,
    lanes: 64,
    shared: 576,
  });
  expect(cutWhole(TINY, { rows: 2, vectors: 2, span: 64 })).toBeUndefined();
});

test("turns end with a row of every lane, and fit in 16 KiB with the weights", () => {
  for (const rows of [1, 2, 4, 8])
    for (const span of [1, 2, 4, 8]) {
      const whole = cutWhole(DIGITS, { rows, vectors: 1, span });
      if (!whole) continue;
      expect(whole.rowThreads % span).toBe(0);
      expect(whole.rowThreads).toBeLessThanOrEqual(17 * span);
      expect(16 * (whole.shared + 4 * 17 * 3)).toBeLessThanOrEqual(16384);
    }
  expect(cutWhole(DIGITS, { rows: 1, vectors: 1, span: 4 })).toMatchObject({ columns: 17, rowThreads: 68 });
});

test("threads that share vectors of features fill whole subgroups", () => {
  expect(cutWhole(DIGITS, { rows: 1, vectors: 1, span: 4 }, 8)).toMatchObject({ columns: 18, lanes: 4 });
  expect(cutWhole(DIGITS, { rows: 1, vectors: 1, span: 4 }, 4)).toMatchObject({ columns: 17 });
  expect(cutWhole(TINY, { rows: 1, vectors: 2, span: 4 }, 8)).toMatchObject({ columns: 1 });
});

test("what exceeds a workgroup's threads or memory, or a thread's loops, is not cut", () => {
  expect(cutWhole(DIGITS, { rows: 1, vectors: 1, span: 16 })).toBeUndefined();
  expect(cutWhole({ ...DIGITS, features4: 90 }, { rows: 1, vectors: 1, span: 1 })).toBeUndefined();
  expect(cutWhole({ ...TINY, batchSize: 100_000 }, { rows: 1, vectors: 1, span: 1 })).toBeUndefined();
});
