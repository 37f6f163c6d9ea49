/** `npm run bench:train`: times whole trainings in a browser, with the built library. */
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { ENGINES, type EngineName } from "../../src/engine/engine.js";
import { BROWSERS, type BrowserName, addressOf, visit } from "../browsers/visit.js";
import { duration, significant } from "../measure/format.js";
import type { TimedTrainings } from "../measure/trainings.js";
import { describeHost } from "./output.js";

const ROUNDS = 9;
/** Enough for a browser that answers from a timer of 100 ms. */
const SECONDS = 900;

const usage = `Usage: npm run bench:train -- [--browser ${BROWSERS.join("|")}] [--engine ${ENGINES.join("|")}] [--json FILE]

Times train() on small problems, ${ROUNDS} rounds of each in turn, in a headless Chrome (the default) or Firefox.
CHROME_PATH and FIREFOX_PATH name the browsers, SMIGH_ADAPTER Chrome's adapter: swiftshader or hardware.
Exit status: 0 done, 1 it failed, 2 the command line is wrong.
`;

class UsageError extends Error {
  override name = "UsageError";
}

try {
  const { help, browser, engine, json } = choose();
  if (help) process.stdout.write(usage);
  else await bench(browser, engine, json);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function bench(browser: BrowserName, engine: EngineName, json: string | undefined): Promise<void> {
  const query = new URLSearchParams({ library: addressOf("dist/index.js"), engine, rounds: String(ROUNDS) });
  const visited = await visit(browser, `studies/trainings-page.html?${query}`, SECONDS, (progress) => {
    process.stderr.write(`${progress}\n`);
  });
  const timed = visited.result as TimedTrainings;
  const result = { date: new Date().toISOString(), machine: describeHost(visited.browser), ...timed };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`${visited.browser}, ${timed.engine}, ${timed.adapter}, ${result.date.slice(0, 10)}\n`);
  for (const { name, unit, count, milliseconds, perSecond } of timed.trainings) {
    const { min, median, max } = milliseconds;
    const range = `${duration(median)} (${duration(min)} – ${duration(max)})`;
    console.log(`${name}: ${significant(perSecond)} ${unit}/s; ${count} ${unit} in ${range}`);
  }
  console.log(`300 epochs take ${significant(timed.epochsRatio)} × the time of one`);
}

/** Parses the command line. Throws a UsageError when the arguments are wrong. */
function choose() {
  const text = { type: "string" } as const;
  const help = { type: "boolean", short: "h" } as const;
  try {
    const { values } = parseArgs({ options: { browser: text, engine: text, json: text, help } });
    const browser = oneOf(BROWSERS, values.browser ?? "chrome");
    const engine = oneOf(ENGINES, values.engine ?? "webgpu");
    return { ...values, browser, engine };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function oneOf<T extends string>(names: readonly T[], wanted: string): T {
  const found = names.find((name) => name === wanted);
  if (found) return found;
  throw new Error(`${JSON.stringify(wanted)} is none of ${names.join(", ")}.`);
}
