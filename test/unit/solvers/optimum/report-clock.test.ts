/** Tests when reports are due, and the rate that they give. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Stopwatch } from "../../../../src/core/stopwatch.js";
import { ReportClock } from "../../../../src/solvers/optimum/report-clock.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("a report is due 50 ms after the last, with the rate since then", () => {
  const clock = new ReportClock(new Stopwatch(), 0);
  vi.advanceTimersByTime(100);
  expect(clock.report(200)).toEqual({ examples: 200, examplesPerSecond: 2000, elapsed: 0.1 });
  vi.advanceTimersByTime(49);
  expect(clock.due).toBe(false);
  vi.advanceTimersByTime(1);
  expect(clock.due).toBe(true);
  expect(clock.report(210)).toEqual({ examples: 210, examplesPerSecond: 200, elapsed: 0.15 });
  expect(clock.elapsed).toBe(0.15);
});

test("the rate is a number where no time has passed", () => {
  expect(new ReportClock(new Stopwatch(), 0).report(5).examplesPerSecond).toBe(5_000_000);
});
