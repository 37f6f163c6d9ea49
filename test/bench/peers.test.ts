/** A system of the benchmark is a row of one table: a test adds one, and measures and names it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BenchmarkReport } from "../../bench/measure/protocol.js";
import { fake } from "./fake-systems.js";

beforeEach(async () => {
  vi.resetModules();
  vi.useFakeTimers({ toFake: ["performance"] });
  const { systems } = await import("../../bench/peers/all.js");
  Reflect.apply(Array.prototype.push, systems, [fake("abacus", { stepMs: () => 40 })]);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("a new system is measured by the page's worker", async () => {
  const worker = new EventTarget();
  const done = new Promise<BenchmarkReport>((resolve) => {
    const postMessage = (report: BenchmarkReport) => {
      if (report.kind === "done" || report.kind === "broken") resolve(report);
    };
    vi.stubGlobal("self", Object.assign(worker, { postMessage }));
  });
  await import("../../bench/measure/worker.js");
  const task = { workload: "tiny", systems: ["abacus"], sweep: false, mnist: "" };
  worker.dispatchEvent(new MessageEvent("message", { data: { kind: "start", task } }));
  expect(await done).toMatchObject({
    kind: "done",
    measured: { failures: [], runs: [{ system: "abacus", workload: "tiny", stepMs: { median: 40 } }] },
  });
});

test("a new system is in the help of npm run bench", async () => {
  const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const { argv } = process;
  process.argv = ["node", "bench", "--help"];
  try {
    await import("../../bench/run/bench.js");
  } finally {
    process.argv = argv;
  }
  expect(write.mock.calls.join("")).toMatch(/^ {2}systems {4}smigh\/webgpu, .*, abacus$/m);
});
