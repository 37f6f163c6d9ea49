/** What fits say of themselves, on random problems, against the exact minima. */
import { expect, test } from "vitest";
import { train } from "../../src/index.js";
import { caseOf, judge } from "../support/convergence.js";
import { seedsIn } from "../support/seeds.js";
import { atMinimum, brokenPromises, summaryTable, worstCases } from "../support/verdicts.js";

/** SMIGH_SEEDS=0..5000 tries more of them. */
const SEEDS = process.env["SMIGH_SEEDS"] ?? "0..200";

test.each(["wasm", "reference"] as const)(
  `converged is a promise, and reason tells the distance: %s, seeds ${SEEDS}`,
  { timeout: 3_600_000 },
  async (engine) => {
    const verdicts = [];
    for (const seed of seedsIn(SEEDS)) verdicts.push(await judge(caseOf(seed), engine, train));
    const report = `${summaryTable(verdicts)}\n${worstCases(verdicts)}`;
    expect(brokenPromises(verdicts).length, report).toBe(0);
    const missed = verdicts.filter(({ falseNot }) => falseNot).length;
    expect(missed, report).toBeLessThanOrEqual(0.01 * atMinimum(verdicts).length);
  },
);
