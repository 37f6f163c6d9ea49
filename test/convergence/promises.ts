/** Helpers that the convergence tests of all engines share. */
import type { EngineName } from "../../src/engine/engine.js";
import { train } from "../../src/index.js";
import { type Case, type Drawn, type Verdict, caseOf, judge } from "../support/convergence.js";
import { seedsIn } from "../support/seeds.js";
import { brokenPromises } from "../support/verdicts.js";

/** Problems with their minima by name, computed once for all engines. */
const cases = new Map<string, Case>();

/**
 * Fits the problems of the seeds. Returns a table and the seeds of broken promises, or ""
 * if all are kept.
 */
export async function promisesBroken(engine: EngineName, seeds: string, drawn: Drawn = {}): Promise<string> {
  const verdicts: Verdict[] = [];
  for (const seed of seedsIn(seeds)) {
    const name = JSON.stringify({ seed, ...drawn });
    const known = cases.get(name) ?? caseOf(seed, drawn);
    cases.set(name, known);
    verdicts.push(await judge(known, engine, train));
  }
  return brokenPromises(verdicts);
}
