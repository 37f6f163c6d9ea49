/** Tests the timing of whole trainings, and how Firefox is found. */
import { afterEach, expect, test, vi } from "vitest";
import { findFirefox } from "../../bench/browsers/firefox.js";
import { timeTrainings } from "../../bench/measure/trainings.js";

afterEach(() => vi.unstubAllEnvs());

test("trainings are timed in turn, and the first round is left out", async () => {
  const calls: number[] = [];
  const progress: string[] = [];
  const timed = await timeTrainings(
    {
      async train(_data, { epochs = 0 }) {
        calls.push(epochs);
        // The first round compiles; then 300 epochs take twice the time of one.
        const elapsed = calls.length <= 5 ? 100 : epochs === 300 ? 0.6 : 0.3;
        return {
          history: [{ elapsed }],
          iterations: 3,
        };
      },
    },
    "reference",
    2,
    (text) => progress.push(text),
  );
  expect(calls).toEqual([300, 1, 10, 0, 0, 0, 0, 10, 1, 300, 300, 1, 10, 0, 0]);
  expect(progress.at(-1)).toBe("newton, 2000 × 64 × 10, round 2 of 2");
  expect(timed.epochsRatio).toBe(2);
  expect(timed.trainings.map(({ count }) => count)).toEqual([300, 300, 80, 3, 3]);
  expect(timed.trainings.slice(0, 2).map(({ perSecond }) => perSecond)).toEqual([500, 1000]);
});

test("says which FIREFOX_PATH cannot be run", async () => {
  vi.stubEnv("FIREFOX_PATH", "/nowhere/firefox");
  await expect(findFirefox()).rejects.toMatchObject({
    name: "FirefoxError",
    message: expect.stringContaining("/nowhere/firefox cannot be run"),
  });
});
