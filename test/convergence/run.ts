/**
 * Fits random problems and compares what the fits report of themselves with the exact minima.
 *
 *   npx tsx test/convergence/run.ts --seeds 0..5000 [--engine wasm] [--solver newton] [--json FILE] [--tall]
 *     [--adjusted]
 *
 * --tall draws problems of so many rows that L-BFGS asks a sample of them for its distance. --adjusted adds
 * penalty factors and offsets to them.
 *
 * SMIGH=dist/index.js judges a build instead of the source. Exit status 1 if a promise is broken.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { importLibrary } from "../../bench/run/library.js";
import type * as library from "../../src/index.js";
import { type Verdict, caseOf, judge } from "../support/convergence.js";
import { seedsIn } from "../support/seeds.js";
import { brokenPromises, summaryTable, worstCases } from "../support/verdicts.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0..200" },
    engine: { type: "string", multiple: true, default: ["wasm", "reference"] },
    solver: { type: "string" },
    json: { type: "string" },
    tall: { type: "boolean", default: false },
    adjusted: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

const engines = (["wasm", "reference"] as const).filter((engine) => values.engine.includes(engine));
const build = process.env["SMIGH"];
const { train }: typeof library = build
  ? await import(pathToFileURL(resolve(build)).href)
  : await importLibrary();

const verdicts: Verdict[] = [];
for (const seed of seedsIn(values.seeds)) {
  const one = caseOf(seed, values);
  if (values.solver !== undefined && one.problem.kind !== values.solver) continue;
  for (const engine of engines) {
    const verdict = await judge(one, engine, train);
    verdicts.push(verdict);
    if (values.verbose) console.error(JSON.stringify(verdict));
  }
}

console.log(summaryTable(verdicts));
console.log(worstCases(verdicts));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(verdicts)}\n`);
process.exit(brokenPromises(verdicts) === "" ? 0 : 1);
