/**
 * `npm run bench:gpu`: everything that a GPU can tell, in Chrome and in Node through Dawn, in one JSON file:
 * peaks, the benchmark with its comparison of losses, the times of all kernels that the tuner chooses from,
 * whole trainings, and the conformance tests.
 */
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { version } from "../../package.json" with { type: "json" };
import { serveBenchmark } from "../browsers/benchmark.js";
import { addressOf, visit } from "../browsers/visit.js";
import { type GpuPlace, type GpuReport, gpuTables } from "../measure/gpu-report.js";
import type { TimedTrainings } from "../measure/trainings.js";
import { workloads } from "../measure/workloads.js";
import { type BenchPlace, placesOf, testConformance } from "./gpu-places.js";
import { describeHost } from "./output.js";

/** Minutes that a run may take, and that a quick one may. */
const MINUTES = { thorough: 40, quick: 9 };
/** Nothing is begun with less left. */
const LEAST_SECONDS = 10;
const ROUNDS = { thorough: 9, quick: 3 };

const usage = `Usage: npm run bench:gpu -- [--quick] [--software] [--only WORKLOAD] [--minutes N] [--json FILE]

Measures this machine's GPU in a headless Chrome and in Node, and writes the results to FILE, by default
smigh-gpu.json. docs/guides/gpu.md says more.

  --quick     fewer samples and systems, within ${MINUTES.quick} minutes instead of ${MINUTES.thorough}
  --software  on SwiftShader in place of a GPU, to try the command
  --only      one workload: ${workloads.map(({ name }) => name).join(", ")}
  --minutes   the most that the run may take; what does not fit is left out, and the file says so

Exit status: 0 done, 1 nothing could be measured or something was wrong, 2 the command line is wrong.
`;

interface Line {
  readonly quick: boolean;
  readonly software: boolean;
  readonly only: string | undefined;
  readonly minutes: number;
  readonly json: string;
}

/** A place while it is measured. */
type Measuring = { -readonly [K in keyof GpuPlace]: GpuPlace[K] };

class UsageError extends Error {
  override name = "UsageError";
}

try {
  const line = parseLine();
  if (line) process.exitCode = await benchGpu(line);
  else process.stdout.write(usage);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${usage}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

/** Measures part by part, in both places, and saves after each. Returns the exit status. */
async function benchGpu({ quick, software, only, minutes, json }: Line): Promise<number> {
  const deadline = performance.now() + 60_000 * minutes;
  const places = new Map<BenchPlace, Measuring>();
  const save = async () => {
    const machine = describeHost(`Node ${process.version}`);
    const all = [...places.values()];
    const report: GpuReport = { date: new Date().toISOString(), version, quick, machine, places: all };
    await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
    return report;
  };
  /** Does a part, with the seconds that are left. What fails is noted, and the others go on. */
  const attempt = async (place: Measuring, what: string, part: (seconds: number) => Promise<void>) => {
    const seconds = (deadline - performance.now()) / 1000;
    process.stderr.write(`${place.place}: ${what}\n`);
    try {
      if (seconds < LEAST_SECONDS) throw new Error(`no time was left of ${minutes} minutes`);
      await part(seconds);
    } catch (error) {
      const why = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      place.missing = [...place.missing, why];
      process.stderr.write(`  ${why}\n`);
    }
    await save();
  };

  const { server, url } = await serveBenchmark();
  try {
    const mnist = new URL("mnist/", url).href;
    const chosen = workloads.filter(({ name, onlyByName }) =>
      only ? name === only : !(software && onlyByName),
    );
    for (const place of placesOf(software, mnist)) {
      places.set(place, { place: place.name, steps: [], kernels: [], missing: [] });
    }
    const usable: [BenchPlace, Measuring][] = [];
    for (const [place, found] of places) {
      await attempt(found, "peaks", async (seconds) => {
        found.peaks = await place.perform({ kind: "peaks" }, seconds);
        if (found.peaks.gpu.software && !software) {
          throw new Error("the adapter is software on the processor: --software measures it anyway");
        }
        usable.push([place, found]);
      });
    }
    for (const { name: workload } of chosen) {
      for (const [place, found] of usable) {
        await attempt(found, `steps of ${workload}`, async (seconds) => {
          const systems = ["smigh/webgpu", ...place.peers.slice(0, quick ? 1 : undefined)];
          const measured = await place.perform({ kind: "steps", workload, quick, systems, mnist }, seconds);
          found.steps = [...found.steps, measured];
        });
      }
    }
    for (const { name: workload } of chosen) {
      for (const [place, found] of usable) {
        await attempt(found, `kernels of ${workload}`, async (seconds) => {
          const timed = await place.perform({ kind: "kernels", workload, quick, mnist }, seconds);
          found.kernels = [...found.kernels, timed];
        });
      }
    }
    for (const [place, found] of usable) {
      if (place.name !== "Chrome") continue;
      await attempt(found, "whole trainings", async (seconds) => {
        found.trainings = await timeInChrome(quick, software, seconds);
      });
    }
    for (const [place, found] of usable) {
      await attempt(found, "conformance", async (seconds) => {
        found.conformance = await testConformance(place, software, seconds);
      });
    }
    process.stdout.write(`\n${gpuTables(await save())}\nThe results are in ${json}.\n`);
    return usable.some(([, found]) => found.steps.length > 0) && usable.every(isRight) ? 0 : 1;
  } finally {
    await server.close();
  }
}

function isRight([, { conformance, steps }]: readonly [BenchPlace, GpuPlace]): boolean {
  return !conformance?.failed && steps.every(({ disagreements }) => disagreements.length === 0);
}

async function timeInChrome(quick: boolean, software: boolean, seconds: number): Promise<TimedTrainings> {
  const rounds = String(ROUNDS[quick ? "quick" : "thorough"]);
  const query = new URLSearchParams({ library: addressOf("dist/index.js"), engine: "webgpu", rounds });
  const say = (progress: string) => process.stderr.write(`  ${progress}\n`);
  const adapter = software ? "swiftshader" : "hardware";
  const page = `studies/trainings-page.html?${query}`;
  return (await visit("chrome", page, seconds, say, adapter)).result as TimedTrainings;
}

/** Parses the command line. Undefined for --help; throws a UsageError when the arguments are wrong. */
function parseLine(): Line | undefined {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  try {
    const { values } = parseArgs({
      options: {
        quick: flag,
        software: flag,
        only: text,
        minutes: text,
        json: { ...text, default: "smigh-gpu.json" },
        help: { ...flag, short: "h" },
      },
    });
    const { only, quick, help } = values;
    if (help) return undefined;
    if (only !== undefined && !workloads.some(({ name }) => name === only)) {
      throw new Error(`There is no workload ${JSON.stringify(only)}.`);
    }
    const minutes = Number(values.minutes ?? MINUTES[quick ? "quick" : "thorough"]);
    if (!(minutes > 0)) throw new Error(`--minutes is ${values.minutes}, and must be a number above 0.`);
    return { ...values, only, minutes };
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
