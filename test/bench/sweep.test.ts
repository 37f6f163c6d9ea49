/** Tests the benchmark over batch sizes. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { sizesOf, measureBatchSizes } from "../../bench/measure/batch-sizes.js";
import type { Notice } from "../../bench/measure/measure.js";
import { WORKLOAD, fake } from "./fake-systems.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("sizes grow fourfold, as far as the logits fit", () => {
  expect(sizesOf({ ...WORKLOAD, classes: 10 })).toEqual([16, 64, 256, 1024, 4096, 16_384]);
  expect(sizesOf({ ...WORKLOAD, classes: 100_000 })).toEqual([16, 64]);
});

test("leaves out of larger batches what fails or is slow", async () => {
  const events: Notice[] = [];
  const slow = fake("slow", { stepMs: (rows) => 8 * rows });
  let steps = 0;
  const failing = fake("failing", {
    beforeRun() {
      if (steps++ > 4) throw new Error("out of memory");
    },
  });
  const { runs, failures } = await measureBatchSizes(WORKLOAD, "", [fake("fast"), slow, failing], {
    report: (event) => events.push(event),
  });
  const sizes = (name: string) => runs.filter(({ system }) => system === name).map(({ batch }) => batch);
  expect(sizes("fast")).toEqual([16, 64, 256, 1024, 4096, 16_384]);
  expect(sizes("slow")).toEqual([16, 64, 256]);
  expect(failures).toEqual([{ workload: "fake", system: "failing", message: "out of memory", batch: 64 }]);
  expect(sizes("failing")).toEqual([16]);

  const fractions = events.flatMap((event) => (event.kind === "doing" ? event.fraction : []));
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBeLessThan(1);
});
