/** Tests the measurement of systems: samples, failures and stopping. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Notice, measure } from "../../bench/measure/measure.js";
import type { System } from "../../bench/peers/system.js";
import { type Fake, WORKLOAD, fake, open } from "./fake-systems.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  if (open.size > 0) throw new Error(`Not closed: ${[...open].join(", ")}`);
});

async function measured(systems: readonly System[], signal?: AbortSignal) {
  const events: Notice[] = [];
  const options = { report: (event: Notice) => events.push(event), ...(signal && { signal }) };
  const batch = await WORKLOAD.load(WORKLOAD, "");
  return { events, measured: measure(WORKLOAD, batch, systems, options) };
}

function notClosing(): never {
  throw new Error("it was freed already");
}

test("times a step, and tells the cold start apart", async () => {
  const { events, measured: result } = await measured([
    fake("a", { bytesMoved: 1000, leastBytes: 400 }),
    fake("b"),
  ]);
  const { runs, failures, disagreements } = await result;
  expect({ failures, disagreements }).toEqual({ failures: [], disagreements: [] });
  expect(runs).toHaveLength(2);
  expect(runs[0]).toEqual({
    workload: "fake",
    system: "a",
    adapter: "none",
    engineVersion: "1",
    batch: 64,
    stepMs: { min: 5, median: 5, max: 5 },
    samples: 5,
    coldMs: 35,
    cold: { loadMs: 10, openMs: 20, firstStepMs: 5 },
    examplesPerSecond: 12_800,
    gflops: expect.closeTo(0.000_204_8, 12),
    bytesMoved: 1000,
    leastBytes: 400,
    loss: 0.5,
  });
  expect(runs[1]).not.toHaveProperty("bytesMoved");

  const fractions = events.flatMap((event) => (event.kind === "doing" ? event.fraction : []));
  expect(fractions).toEqual(Array.from({ length: 14 }, (_, turn) => turn / 14));
  const sampled = events.flatMap((event) => (event.kind === "sampled" ? event.run.system : []));
  expect(sampled).toEqual(["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]);
});

test("says which losses disagree, and times nothing", async () => {
  const { events, measured: result } = await measured([fake("a"), fake("b", { loss: 0.50001 }), fake("c")]);
  const { runs, failures, disagreements } = await result;
  expect({ runs, failures }).toEqual({ runs: [], failures: [] });
  expect(disagreements).toEqual([
    "fake, batch 64: after 3 steps the loss is 0.5 on a and 0.50001 on b, a difference of 2.0e-5 (allowed: 1e-5).",
    "fake, batch 64: after 3 steps the loss is 0.50001 on b and 0.5 on c, a difference of 2.0e-5 (allowed: 1e-5).",
  ]);
  expect(events.some(({ kind }) => kind === "sampled")).toBe(false);
});

test("losses that are both zero agree", async () => {
  const { measured: result } = await measured([fake("a", { loss: 0 }), fake("b", { loss: 0 })]);
  expect((await result).disagreements).toEqual([]);
});

test("a loss that is no number is a failure", async () => {
  const { measured: result } = await measured([fake("a", { loss: Number.NaN }), fake("b")]);
  const { runs, failures } = await result;
  expect(runs.map(({ system }) => system)).toEqual(["b"]);
  expect(failures).toEqual([{ workload: "fake", system: "a", message: "After 3 steps the loss is NaN." }]);
});

describe("a system that throws is a failure, and the others go on:", () => {
  const out = () => {
    throw new Error("out of memory");
  };
  const after = (most: number) => (steps: number) => (steps >= most ? out() : undefined);
  const ways: Record<string, Fake> = {
    "while it opens": { opening: out },
    "in its first step": { beforeRun: after(0) },
    "after samples": { beforeRun: after(200) },
  };
  test.each(Object.keys(ways))("%s", async (way) => {
    const { events, measured: result } = await measured([fake("a", ways[way]), fake("b")]);
    const { runs, failures } = await result;
    expect(runs.map(({ system }) => system)).toEqual(["b"]);
    expect(runs[0]?.samples).toBe(5);
    const failure = { workload: "fake", system: "a", message: "out of memory" };
    expect(failures).toEqual([failure]);
    expect(events).toContainEqual({ kind: "failed", failure });
  });
});

test("an error that nobody catches is the system's whose turn it is, which may never answer", async () => {
  const thread = new EventTarget();
  const lost = fake("a", {
    opening() {
      const event = Object.assign(new Event("error"), { message: "Uncaught: its worker died" });
      queueMicrotask(() => thread.dispatchEvent(event));
    },
    beforeRun: () => new Promise(() => {}),
  });
  const batch = await WORKLOAD.load(WORKLOAD, "");
  const { runs, failures } = await measure(WORKLOAD, batch, [lost, fake("b")], { thread });
  expect(runs.map(({ system }) => system)).toEqual(["b"]);
  expect(failures).toEqual([{ workload: "fake", system: "a", message: "Uncaught: its worker died" }]);
  open.delete("a");
});

test("a system that does not even close spoils nothing", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { measured: result } = await measured([fake("a", { closing: notClosing }), fake("b")]);
  expect((await result).runs).toHaveLength(2);
  expect(warned).toHaveBeenCalledOnce();
});

test("can be stopped between any two samples, with a system's loop in between", async () => {
  const controller = new AbortController();
  const { events, measured: result } = await measured([fake("a"), fake("b")], controller.signal);
  // Stops as a worker is stopped: by a message, which arrives only if `measure` yields to the event loop.
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => controller.abort(new Error("enough")));
  port1.start();
  port2.postMessage("stop");
  await expect(result).rejects.toThrow("enough");
  port1.close();
  expect(events.length).toBeLessThan(14 + 10);
});

test("a step that takes seconds is sampled less often, once at least", async () => {
  const slow = fake("slow", { stepMs: () => 4000 });
  const slower = fake("slower", { stepMs: () => 60_000 });
  const { events, measured: result } = await measured([slow, slower, fake("fast")]);
  const { runs } = await result;
  // The steps after the first one, in `open`, already are a sample.
  expect(runs.map(({ system, samples }) => [system, samples])).toEqual([
    ["slow", 3],
    ["slower", 1],
    ["fast", 5],
  ]);
  expect(events).toContainEqual({ kind: "sampled", run: runs[1] });
});
