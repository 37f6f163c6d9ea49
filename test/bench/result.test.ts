/** Tests how benchmark results are saved and read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResultError, higherPeaks, readResult } from "../../bench/measure/result.js";
import { RESULT } from "./results.js";

test("a result comes back as it was saved", () => {
  expect(readResult(JSON.stringify(RESULT))).toEqual(RESULT);
});

test("of two peaks the higher one counts, or the one that there is", () => {
  const [none, low, high] = [{}, { peakGflops: 20 }, { peakGflops: 40 }];
  expect([
    higherPeaks(none, low),
    higherPeaks(high, low),
    higherPeaks(low, high),
    higherPeaks(low, none),
  ]).toEqual([low, high, high, low]);
  const { gpu } = RESULT;
  if (!gpu) throw new Error("the result has no adapter");
  expect(
    higherPeaks({ gpu, peakGflops: 20, cpuPeakGflops: 9 }, { gpu, peakGflops: 40, cpuPeakGflops: 8 }),
  ).toEqual({ gpu, peakGflops: 40, cpuPeakGflops: 9 });
});

test("what may be missing may be missing", () => {
  const run = {
    workload: "tiny",
    system: "smigh/wasm",
    adapter: "wasm",
    engineVersion: "2",
    stepMs: { min: 1, median: 2, max: 3 },
    coldMs: 10,
    examplesPerSecond: 75_000,
    gflops: 0.1,
    loss: 0,
  };
  const machine = { browser: "Firefox 150", os: "Windows", cores: 8 };
  const result = readResult(JSON.stringify({ date: "2026-11-24", machine, peakGflops: null, runs: [run] }));
  expect(result).toEqual({
    date: "2026-11-24",
    machine,
    runs: [{ ...run, batch: 150 }],
    sweep: [],
    failures: [],
    disagreements: [],
  });
});

describe("says what is wrong, and where", () => {
  const [run] = RESULT.runs;
  const wrong: [name: string, json: string, message: RegExp][] = [
    ["no JSON", "{", /^The file is not JSON: /],
    ["a list", "[]", /^The file is \[\], and must be an object\.$/],
    ["another file", `{"weights":[1]}`, /^date is missing, and must be a string\.$/],
    ["a day", changed({ date: "someday" }), /^date is "someday", and must be a date such as /],
    ["no machine", changed({ machine: undefined }), /^machine is missing, and must be an object\.$/],
    ["runs", changed({ runs: {} }), /^runs is \{\}, and must be a list\.$/],
    [
      "a text",
      changed({ runs: [run, { ...run, system: 7 }] }),
      /^runs\[1\]\.system is 7, and must be a string\.$/,
    ],
    [
      "a time",
      changed({ runs: [{ ...run, coldMs: -1 }] }),
      /^runs\[0\]\.coldMs is -1, and must be above 0\.$/,
    ],
    [
      "a loss",
      changed({ sweep: [{ ...run, loss: null }] }),
      /^sweep\[0\]\.loss is null, and must be a number\.$/,
    ],
    [
      "a spread",
      changed({ runs: [{ ...run, stepMs: { min: 3, median: 2, max: 4 } }] }),
      /^runs\[0\]\.stepMs is min 3, median 2, max 4, and they must ascend\.$/,
    ],
    [
      "a limit",
      changed({ gpu: { ...RESULT.gpu, limits: { maxBufferSize: "1 GiB" } } }),
      /^gpu\.limits\.maxBufferSize is "1 GiB", and must be a number\.$/,
    ],
  ];
  test.each(wrong)("%s", (_, json, message) => {
    expect(() => readResult(json)).toThrow(ResultError);
    expect(() => readResult(json)).toThrow(message);
  });
});

test("whatever is in the file, it is a result or a ResultError", () => {
  const places = [
    "date",
    "machine",
    "gpu",
    "peakGflops",
    "cpuPeakGflops",
    "runs",
    "sweep",
    "failures",
    "disagreements",
  ];
  const read = (json: string) => {
    try {
      return readResult(json);
    } catch (error) {
      return error;
    }
  };
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.jsonValue(), (place, value) => {
      const first = read(changed({ [place]: value }));
      outcomes.add(first instanceof Error ? first.name : "a result");
      // What is accepted can be saved and read again.
      return first instanceof Error || !(read(JSON.stringify(first)) instanceof Error);
    }),
  );
  expect([...outcomes].toSorted()).toEqual(["ResultError", "a result"]);
});

function changed(change: object): string {
  return JSON.stringify({ ...RESULT, ...change });
}
