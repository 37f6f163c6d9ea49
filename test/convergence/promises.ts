/** Helpers that the convergence tests of all engines share. */
import type { EngineName } from "../../src/engine/engine.js";
import { train } from "../../src/index.js";
import { type Case, type Verdict, caseOf, judge } from "../support/convergence.js";
import { seedsIn } from "../support/seeds.js";
import { brokenPromises } from "../support/verdicts.js";

/** Problems with their minima by name, computed once for all engines. */
const cases = new Map<string, Case>();

/**
 * Fits the problems of the seeds, or the tall ones. Returns a table and the seeds of broken promises, or ""
 * if all are kept.
 */
export async function promisesBroken(engine: EngineName, seeds: string, tall = false): Promise<string> {
  const verdicts: Verdict[] = [];
  for (const seed of seedsIn(seeds)) {
    const name = `${tall ? "tall " : ""}${seed}`;
    const known = cases.get(name) ?? caseOf(seed, tall);
    cases.set(name, known);
    verdicts.push(await judge(known, engine, train));
  }
  return brokenPromises(verdicts);
}
