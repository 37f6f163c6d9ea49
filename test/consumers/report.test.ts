/** Tests that what is wrong with a consumer's report is found, and that all is in the table. */
import { expect, test } from "vitest";
import { type Expected, type Report, type Trained, faultsOf } from "./report.js";
import { tableOf } from "./table.js";

const trained = {
  auto: { name: "wasm", adapter: "WebAssembly, SIMD, 2 threads", why: "a reason", wrong: 0, warnings: [] },
  webgpu: { name: "webgpu", adapter: "google swiftshader", why: "engine is webgpu", wrong: 0, warnings: [] },
} satisfies Record<string, Trained>;
const report: Report = { cores: 2, trained, said: [] };
const expected: Expected = { wanted: ["auto", "webgpu"], threads: "all" };

/** The report with a change of what auto did. */
const auto = (change: object): Report => ({
  ...report,
  trained: { ...trained, auto: { ...trained.auto, ...change } },
});

test("a report as it should be has no faults", () => {
  expect(faultsOf(report, expected)).toEqual([]);
  expect(faultsOf(auto({ adapter: "SIMD, 1 thread" }), { ...expected, threads: "one" })).toEqual([]);
  expect(faultsOf({ ...auto({ adapter: "16 threads" }), cores: 64 }, expected)).toEqual([]);
  const refused = { ...auto({ adapter: "1 thread", warnings: ["one-thread"] }), said: ["refused"] };
  expect(faultsOf(refused, { ...expected, threads: "one", warning: "one-thread" })).toEqual([]);
});

test.each([
  { fault: "auto has no result", of: { ...report, trained: { webgpu: trained.webgpu } } },
  {
    fault: "auto: TypeError: x",
    of: { ...report, trained: { ...trained, auto: { error: "TypeError: x" } } },
  },
  { fault: "auto trained on reference, not on wasm: a reason", of: auto({ name: "reference" }) },
  { fault: "auto trained on 1 threads, not on 2: a reason", of: auto({ adapter: "SIMD, 1 thread" }) },
  { fault: "auto predicts 3 labels wrong", of: auto({ wrong: 3 }) },
  { fault: "auto warns of slower-engine, not of nothing", of: auto({ warnings: ["slower-engine"] }) },
  { fault: 'the console has "Failed to load"', of: { ...report, said: ["Failed to load"] } },
])("$fault is a fault", ({ fault, of }) => {
  expect(faultsOf(of, expected)).toEqual([fault]);
});

test("a warning that is missing is a fault", () => {
  expect(faultsOf(report, { ...expected, warning: "one-thread" })).toEqual([
    "auto warns of nothing, not of one-thread",
  ]);
});

test("the table has the engines, the threads and the result of each consumer", () => {
  const tried = { name: "vite8", packages: ["vite@8.4.0"], where: "isolated", trained, faults: [] };
  const { trained: alone } = auto({ adapter: "SIMD, 1 thread" });
  const rows = tableOf([
    tried,
    { ...tried, where: "not isolated", trained: { ...trained, ...alone } },
    { ...tried, name: "bun", packages: [], where: "", trained: {}, faults: ["one"] },
  ]).split("\n");
  expect(rows.slice(2)).toEqual([
    "| `vite8` | vite@8.4.0 | isolated / not isolated | wasm, 2 threads / wasm, 1 thread | webgpu, google swiftshader | works |",
    "| `bun` |  |  |  |  | fails |",
  ]);
});
