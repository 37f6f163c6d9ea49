/** Tests that loops in pieces cover all rows once and in order, and yield between pieces. */
import { afterEach, expect, test, vi } from "vitest";
import { yieldToEventLoop } from "../../../src/core/event-loop.js";
import { range } from "../../../src/core/random.js";
import { inBlocks, inRanges } from "../../../src/math/pieces.js";

afterEach(() => void vi.restoreAllMocks());

test("blocks have at most 1024 rows, and fewer where a row is much work", async () => {
  for (const [workPerRow, size] of [
    [1, 1024],
    [2 ** 14, 512],
    [2 ** 30, 1],
  ]) {
    const rows = range(size * 2 + 1).toReversed();
    const seen: number[] = [];
    const sizes: number[] = [];
    await inBlocks(rows, workPerRow, (block, first) => {
      expect(first).toBe(seen.length);
      seen.push(...block);
      sizes.push(block.length);
    });
    expect(seen).toEqual([...rows]);
    expect(sizes).toEqual([size, size, 1]);
  }
});

test("ranges cover the numbers", async () => {
  const ranges: (readonly number[])[] = [];
  await inRanges(10, 2 ** 21, (first, past) => ranges.push([first, past]));
  expect(ranges).toEqual([
    [0, 4],
    [4, 8],
    [8, 10],
  ]);
});

test("other tasks run between the pieces of a long loop", async () => {
  await yieldToEventLoop();
  const clock = vi.spyOn(performance, "now");
  const order: string[] = [];
  setImmediate(() => order.push("task"));
  let now = performance.now();
  await inRanges(2, 2 ** 23, () => {
    order.push("piece");
    clock.mockReturnValue((now += 100));
  });
  expect(order).toEqual(["piece", "task", "piece"]);
});
