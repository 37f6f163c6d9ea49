/** Tests the clock of a training. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stopwatch } from "../../../src/core/stopwatch.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("time passes, but for pauses, also for those that fail", async () => {
  const clock = new Stopwatch();
  vi.advanceTimersByTime(30);
  expect(clock.milliseconds).toBe(30);
  const pause = clock.pausedFor(async () => {
    vi.advanceTimersByTime(500);
    return "done";
  });
  expect(await pause).toBe("done");
  const failing = clock.pausedFor(async () => {
    vi.advanceTimersByTime(500);
    throw new RangeError("no");
  });
  await expect(failing).rejects.toThrow("no");
  vi.advanceTimersByTime(5);
  expect(clock.milliseconds).toBe(35);
});
