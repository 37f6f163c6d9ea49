// Tests how the benchmark's page and report show results.
import { expect, test } from "vitest";
import { bytes, duration, significant } from "../../bench/measure/format.js";
import { metrics } from "../../bench/measure/metrics.js";
import { withProgress, without } from "../../bench/measure/record.js";
import { cardsOf } from "../../bench/page/benchmark/rows.js";
import { markdown, table } from "../../bench/measure/report.js";
import { workloads } from "../../bench/measure/workloads.js";
import { RESULT, run } from "./results.js";

test("numbers have three significant digits", () => {
  expect([152_381, 26.93, 0.02714].map(significant)).toEqual(["152,000", "26.9", "0.0271"]);
  const times = [0.0123, 26.93, 5220].map(duration);
  expect(times.map((time) => time.replace("\u00a0", " "))).toEqual(["12.3 µs", "26.9 ms", "5.22 s"]);
  expect([2 ** 30, 32_768, 500].map(bytes)).toEqual(["1 GiB", "32 KiB", "500 B"]);
});

test("rates run from the slowest step to the fastest", () => {
  const spreads = metrics.map((metric) => metric.of(run("smigh/webgpu", 10, { bytesMoved: 2e9 })));
  const [examples, gflops, moved, step] = spreads;
  expect(examples).toEqual({ min: 12_500, median: 15_000, max: 150_000 / 9 });
  expect(gflops?.median).toBeCloseTo(0.00072, 12);
  expect(moved?.median).toBe(200);
  expect(step).toEqual({ min: 9, median: 10, max: 12 });
  expect(metrics[2]?.of(run("tfjs/webgpu"))).toBeUndefined();
});

test("a workload measured again replaces what was found before, and only that", () => {
  const started = without(RESULT, "tiny", false);
  expect(started).toMatchObject({ runs: [], sweep: RESULT.sweep, failures: [{ batch: 64 }] });
  expect(without(RESULT, "tiny", true)).toMatchObject({ runs: RESULT.runs, sweep: [], failures: [{}] });
  expect(without(RESULT, "mnist", false)).toEqual(RESULT);

  const first = withProgress(started, { kind: "sampled", run: run("tfjs/wasm", 30) }, false);
  const second = withProgress(first, { kind: "sampled", run: run("tfjs/wasm", 20) }, false);
  expect(second.runs.map(({ stepMs }) => stepMs.median)).toEqual([20]);
  const failure = { workload: "tiny", system: "tfjs/wasm", message: "lost" };
  const failed = withProgress(second, { kind: "failed", failure }, false);
  expect(failed).toMatchObject({ runs: [], failures: [{ batch: 64 }, failure] });
});

test("rows stand in the order of the systems, a loaded one under one's own", () => {
  const theirs = {
    ...RESULT,
    peakGflops: 90,
    runs: [run("else/webgpu", 1), run("smigh/webgpu", 5)],
    failures: [],
  };
  const doing = [{ workload: "tiny", system: "smigh/reference", what: "waiting" }];
  const [card] = cardsOf(RESULT, theirs, doing);
  expect(card?.workload).toBe("tiny");
  expect(card?.rows.map(({ system, loaded }) => `${system}${loaded ? " loaded" : ""}`)).toEqual([
    "smigh/webgpu",
    "smigh/webgpu loaded",
    "smigh/reference",
    "tfjs/webgpu",
    "tfjs/wasm",
    "else/webgpu loaded",
  ]);
  expect(card?.rows[0]).toMatchObject({ ratio: 1, peakGflops: 40 });
  expect(card?.rows[1]).toMatchObject({ ratio: 1, peakGflops: 90 });
  expect(card?.rows[2]).toMatchObject({ doing: "waiting" });
  expect(card?.rows[3]).toMatchObject({ failure: "out of\nmemory" });
  expect(card?.rows[2]).not.toHaveProperty("peakGflops");
  expect(card?.rows[4]).toMatchObject({ ratio: 2.5, peakGflops: 60 });
  expect(card?.rows[5]).toMatchObject({ peakGflops: 90 });
});

test("Markdown has the machine, a table a workload and a sweep, and the failures", () => {
  const lines = markdown(RESULT, workloads).replaceAll("\u00a0", " ").split("\n");
  expect(lines).toEqual([
    "2026-11-24, Chrome 156, X11; Linux x86_64, Some CPU, 2 threads; " +
      "WebGPU on google swiftshader, a software adapter; its peak multiply-add rate: 40 GFLOP/s; " +
      "in WebAssembly: 60 GFLOP/s.",
    "",
    "### tiny: 4 features × 3 classes, batch 150",
    "",
    "| system | adapter | step | min – max | cold start | examples/s | GFLOP/s | GB/s | bytes × | time × |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    "| smigh/webgpu | google swiftshader | 10 ms | 9 ms – 12 ms | 300 ms | 15,000 | 0.00072 | 0.1 | 2.5 | 1 |",
    "| tfjs/wasm | google swiftshader | 25 ms | 22.5 ms – 30 ms | 300 ms | 6,000 | 0.000288 |  |  | 2.5 |",
    "",
    "### tiny: examples/s by batch size",
    "",
    "| system | 16 | 64 |",
    "| --- | ---: | ---: |",
    "| smigh/webgpu | 15,000 | 15,000 |",
    "",
    "- tiny: tfjs/webgpu failed: out of memory",
    "- tiny, batch 64: jax-js/webgpu failed: lost",
    "",
  ]);
});

test("the terminal's table has columns of equal width", () => {
  const [tiny] = workloads.filter(({ name }) => name === "tiny");
  const lines = tiny ? table(tiny, RESULT.runs).split("\n") : [];
  expect(lines).toHaveLength(4);
  const [, header = "", first = "", second = ""] = lines;
  expect(new Set([header, first, second].map((line) => line.length)).size).toBe(1);
  expect(second).toMatch(/^tfjs\/wasm +google swiftshader +25.ms .* 2\.5$/);
});
