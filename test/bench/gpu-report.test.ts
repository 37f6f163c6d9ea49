/** Tests the tables of `npm run bench:gpu`. */
import { expect, test } from "vitest";
import { type GpuPlace, gpuTables } from "../../bench/measure/gpu-report.js";
import { RESULT, run } from "./results.js";

const { gpu, date, machine } = RESULT;
if (!gpu) throw new Error("the result has no adapter");
const HEAD = { date, version: "1.0.0", quick: true, machine };
const NONE: GpuPlace = { place: "Node", steps: [], kernels: [], missing: [] };

test("a place shows its adapter, peaks, steps and the kernels that auto chose", () => {
  const [fast, slow] = [run("smigh/webgpu", 2, { gflops: 8, bytesMoved: 4e6 }), run("jax-js/webgpu", 4)];
  const candidates = [run("tiled 4x1/64", 3), run("tiled 2x1/64", 2)];
  const text = gpuTables({
    ...HEAD,
    places: [
      {
        place: "Chrome",
        peaks: { gpu, peakGflops: 40, copyGigabytes: 10 },
        steps: [{ runs: [fast, slow], failures: [], disagreements: [] }],
        kernels: [
          {
            workload: "tiny",
            chosen: "tiled 2x1/64",
            candidates: { runs: candidates, failures: [], disagreements: [] },
          },
        ],
        missing: [],
      },
    ],
  });
  expect(text).toContain("2026-11-24, smigh 1.0.0, quick, ");
  expect(text).toContain("## Chrome: google swiftshader, a software adapter\n");
  expect(text).toContain("40 GFLOP/s of multiply-adds in registers, 10 GB/s in a copy.");
  expect(text).toContain("| tiny | smigh/webgpu | 2,000 | 1,800 – 2,400 | 8 | 20 % | 2 |");
  expect(text).toContain("| tiny | tiled 4x1/64 | 3,000 |\n| tiny | **tiled 2x1/64** | 2,000 |");
});

test("what failed, disagreed or did not run is said", () => {
  const failures = [{ workload: "wide", system: "jax-js/webgpu", message: "out of\nmemory" }];
  const text = gpuTables({
    ...HEAD,
    places: [
      {
        ...NONE,
        conformance: { passed: 1, failed: 1, failures: ["adds rows"] },
        steps: [{ runs: [], failures, disagreements: ["wide: the loss is 1 and 2"] }],
        missing: ["kernels of wide: no time was left"],
      },
    ],
  });
  expect(text).toContain("Conformance: 1 passed, 1 failed.\n\n- adds rows");
  expect(text).toContain("- wide: jax-js/webgpu failed: out of memory\n- wide: the loss is 1 and 2");
  expect(text).toContain("- kernels of wide: no time was left");
});
