/** Tests the pace of submissions against simulated devices and browsers. */
import { describe, expect, test } from "vitest";
import { Pace } from "../../../../../src/engine/webgpu/descent/pace.js";

/** A submission should take this long, and this many are in flight. */
const MILLISECONDS = 8;
const IN_FLIGHT = 3;

/**
 * Simulates many submissions. A block takes `perBlock` ms; an answer comes `latency` ms after the work is
 * done, at the next multiple of `timer`. Returns the share of the time that the device was busy, and the
 * median work of a submission in ms, of the second half of them.
 */
function simulate(pace: Pace, { perBlock = 0.05, latency = 0.5, timer = 0.01, submissions = 400 }) {
  const inFlight: { blocks: number; began: number; answer: number }[] = [];
  const works: number[] = [];
  let [now, free, busy, from] = [0, 0, 0, 0];
  for (let n = 0; n < submissions; n++) {
    if (n === submissions / 2) [busy, from] = [0, now];
    const { blocks } = pace;
    const work = blocks * perBlock;
    works.push(work);
    free = Math.max(free, now) + work;
    busy += work;
    inFlight.push({ blocks, began: now, answer: Math.ceil((free + latency) / timer) * timer });
    if (inFlight.length < IN_FLIGHT) continue;
    const [oldest] = inFlight.splice(0, 1);
    now = Math.max(now, oldest.answer) + 0.01;
    pace.hear(oldest.blocks, oldest.began, now);
  }
  const half = works.slice(submissions / 2).sort((a, b) => a - b);
  return { busy: busy / (free - from), work: half[half.length >> 1] };
}

describe.each([0.001, 0.05, 2])("blocks of %d ms", (perBlock) => {
  test.each([
    { browser: "that answers at once", latency: 0.1 },
    { browser: "that answers within some ms", latency: 4 },
    { browser: "that answers after 15 ms", latency: 15 },
  ])("a browser $browser keeps the device busy, at the wanted pace", ({ latency }) => {
    const { busy, work } = simulate(new Pace(MILLISECONDS, 20, 1e6), { perBlock, latency });
    expect(busy).toBeGreaterThan(0.8);
    expect(work).toBeGreaterThan(MILLISECONDS / 3);
    expect(work).toBeLessThan(2 * MILLISECONDS);
  });

  test("a browser that answers every 100 ms keeps it busy half of the time, 100 ms ahead at most", () => {
    const { busy, work } = simulate(new Pace(MILLISECONDS, 20, 1e6), { perBlock, timer: 100 });
    expect(busy).toBeGreaterThan(0.5);
    expect(work).toBeLessThan(100);
  });
});

test("a submission has at least one block, and at most as many as fit", () => {
  const slow = new Pace(MILLISECONDS, 20, 30);
  for (let n = 0; n < 20; n++) slow.hear(slow.blocks, 1000 * n, 1000 * n + 999);
  expect(slow.blocks).toBe(1);
  const fast = new Pace(MILLISECONDS, 20, 30);
  for (let n = 0; n < 20; n++) fast.hear(fast.blocks, n, n + 0.9);
  expect(fast.blocks).toBe(30);
  expect(new Pace(MILLISECONDS, 0.01, 30).blocks).toBe(1);
});

test("a pause of the caller is not time that blocks took", () => {
  const pace = new Pace(MILLISECONDS, 100, 1e6);
  for (let n = 0; n < 20; n++) pace.hear(pace.blocks, 10_000 * n, 10_000 * n + 0.05 * pace.blocks);
  expect(pace.blocks).toBeCloseTo(MILLISECONDS / 0.05, -1);
});
