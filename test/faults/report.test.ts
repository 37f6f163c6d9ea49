/** Tests the report of injected faults. */
import { expect, test } from "vitest";
import { OUTCOMES, type Outcome } from "./fault.js";
import { type Judged, failures, report } from "./report.js";

const judged = (outcome: Outcome): Judged => ({
  name: `one that is ${outcome}`,
  item: 22,
  outcome,
  seconds: 1,
});

test("all outcomes but recovered and named are failures, and are listed", () => {
  const all = OUTCOMES.map(judged);
  expect(failures(all).map(({ outcome }) => outcome)).toEqual(["unclear", "silent", "hang", "leak"]);
  const text = report("here and now", [...all, { ...judged("unclear"), item: 19, thrown: "TypeError: no" }]);
  expect(text).toContain("| 22. Compressed bombs | 6 | 1 | 1 | 1 | 1 | 1 | 1 |");
  expect(text).toContain("| all | 7 | 1 | 1 | 2 | 1 | 1 | 1 |");
  expect(text).toMatch(
    /Neither recovered nor named:\n\n(- 22: .*\n){4}- 19: one .*: unclear \(TypeError: no\)$/,
  );
});

test("where there are none it says so", () => {
  expect(report("here and now", [judged("named")])).toMatch(/\n\nAll were recovered or named\.$/);
});
