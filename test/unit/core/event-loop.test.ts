/** Tests yielding to the event loop. */
import { afterEach, expect, test, vi } from "vitest";
import { yieldIfDue, yieldToEventLoop } from "../../../src/core/event-loop.js";

afterEach(() => void vi.restoreAllMocks());

/** Queues a task, and tells whether it has run. */
function queued(): () => boolean {
  let ran = false;
  setImmediate(() => (ran = true));
  return () => ran;
}

test("tasks that are queued run first", async () => {
  const ran = queued();
  await yieldToEventLoop();
  expect(ran()).toBe(true);
});

test("a loop yields once in 20 ms", async () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
  await yieldToEventLoop();
  const early = queued();
  clock.mockReturnValue(1019);
  await yieldIfDue();
  expect(early()).toBe(false);
  clock.mockReturnValue(1020);
  await yieldIfDue();
  expect(early()).toBe(true);
});
