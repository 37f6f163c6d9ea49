/** Benchmark results for tests. */
import type { Result } from "../../bench/measure/result.js";
import type { Run } from "../../bench/measure/measure.js";

export function run(system: string, stepMs = 10, more: Partial<Run> = {}): Run {
  return {
    workload: "tiny",
    system,
    adapter: "google swiftshader",
    engineVersion: "1.0.0",
    batch: 150,
    stepMs: { min: 0.9 * stepMs, median: stepMs, max: 1.2 * stepMs },
    samples: 5,
    coldMs: 300,
    cold: { loadMs: 100, openMs: 50, firstStepMs: 150 },
    examplesPerSecond: 150_000 / stepMs,
    gflops: (4 * 150 * 4 * 3) / stepMs / 1e6,
    loss: 0.25,
    ...more,
  };
}

export const RESULT: Result = {
  date: "2026-11-24T22:51:00.000Z",
  machine: { browser: "Chrome 156", os: "X11; Linux x86_64", cores: 2, cpu: "Some CPU" },
  gpu: {
    vendor: "google",
    architecture: "swiftshader",
    device: "",
    description: "",
    software: true,
    subgroupSizes: { min: 4, max: 4 },
    features: ["subgroups"],
    limits: { maxBufferSize: 2 ** 30 },
  },
  peakGflops: 40,
  cpuPeakGflops: 60,
  runs: [run("smigh/webgpu", 10, { bytesMoved: 1e6, leastBytes: 4e5 }), run("tfjs/wasm", 25)],
  sweep: [run("smigh/webgpu", 10, { batch: 16 }), run("smigh/webgpu", 10, { batch: 64 })],
  failures: [
    { workload: "tiny", system: "tfjs/webgpu", message: "out of\nmemory" },
    { workload: "tiny", system: "jax-js/webgpu", batch: 64, message: "lost" },
  ],
  disagreements: [],
};
