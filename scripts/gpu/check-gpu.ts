/**
 * Compiles every kernel that a GPU would get with its driver's compiler in Mesa, which needs no card, and
 * prints what that made of it: registers or lanes, spills, instructions per multiply-add, estimated cycles.
 * Exit status 1 where a kernel of the table spills or exceeds another limit of `compilers.ts`.
 *
 *   npm run check:gpu -- [--card navi21] [--driver FILE] [--shim FILE]
 *
 * Needs a C compiler and Debian's mesa-vulkan-drivers and libvulkan-dev, or another Mesa by --driver, with
 * the libraries that it needs beside it. For Intel's cards, such as tgl and dg2, it also needs --shim, Mesa's
 * libintel_noop_drm_shim.so: docs/guides/gpu.md says where to get these.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Figures, compilerFor } from "./compilers.js";
import type { GpuKernel } from "./kernels.js";

const { values } = parseArgs({
  options: {
    card: { type: "string", default: "navi21" },
    driver: { type: "string" },
    shim: { type: "string", default: "" },
  },
});
const compiler = compilerFor(values.card);
const driver = values.driver ?? compiler.driver;
const folder = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "smigh", "gpu");

/** A kernel, but for its text, and what the compiler made of it. */
interface Row extends Omit<GpuKernel, "text"> {
  readonly figures: Figures;
}

/** Builds the driver that drops work, and returns the path of the file that names it to Vulkan's loader. */
function buildDriver(): string {
  mkdirSync(folder, { recursive: true });
  const library = join(folder, "libvulkan_offline.so");
  const source = join(import.meta.dirname, "offline-driver.c");
  execFileSync("cc", ["-O1", "-shared", "-fPIC", "-fvisibility=hidden", "-o", library, source, "-ldl"]);
  const manifest = join(folder, "offline-driver.json");
  const ICD = { library_path: library, api_version: "1.3.230" };
  writeFileSync(manifest, JSON.stringify({ file_format_version: "1.0.0", ICD }));
  return manifest;
}

/**
 * Compiles all kernels in a process of their own. Returns the adapter's description and the kernels with
 * their figures. What the driver writes goes through a file: 16 MB at once are more than a pipe takes.
 */
function compileAll(): { readonly adapter: string; readonly rows: readonly Row[] } {
  const manifest = buildDriver();
  const log = join(folder, "compiled.txt");
  const file = openSync(log, "w");
  const compile = join(import.meta.dirname, "compile.ts");
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", compile], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", file],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: dirname(driver),
      VK_ICD_FILENAMES: manifest,
      REAL_DRIVER: driver,
      ...compiler.environment(values.card, values.shim),
    },
  });
  closeSync(file);
  const written = readFileSync(log, "utf8");
  if (status !== 0) throw new Error(`The compiler ended with ${status}:\n${written.slice(-2000)}`);
  const [, ...parts] = written.split("\n@kernel ");
  const rows = parts.map((part) => {
    const end = part.indexOf("\n");
    const kernel: Omit<GpuKernel, "text"> = JSON.parse(part.slice(0, end));
    return { ...kernel, figures: compiler.read(part.slice(end)) };
  });
  return { adapter: stdout.trim(), rows };
}

/** Returns what exceeds the limits, one line each. */
function faultsOf({ workload, choice, shader, chosen, figures }: Row): string[] {
  return compiler.limits.flatMap(({ figure, least = 0, most = Infinity, isOfAll }) => {
    const value = figures[figure] ?? NaN;
    const isWithin = (!chosen && !isOfAll) || (value >= least && value <= most);
    const limit = most < Infinity ? `at most ${most}` : `at least ${least}`;
    return isWithin ? [] : [`${shader} of ${workload}, ${choice}: ${figure} ${value}, must be ${limit}.`];
  });
}

function table(rows: readonly Row[]): string {
  const figures = Object.keys(rows[0]?.figures ?? {});
  const lines = rows.map((row) => [
    row.workload,
    row.chosen ? `**${row.choice}**` : row.choice,
    row.shader,
    ...Object.values(row.figures).map(format),
  ]);
  const heads = ["workload", "kernels", "shader", ...figures];
  const align = heads.map((_, n) => (n < 3 ? "---" : "---:"));
  return [heads, align, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

function format(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

const { adapter, rows } = compileAll();
const faults = rows.flatMap(faultsOf);
console.log(`${adapter}\n\n${table(rows)}\n`);
for (const fault of faults) console.error(fault);
console.log(`${rows.length} kernels compiled, ${faults.length} beyond the limits`);
if (faults.length > 0 || rows.length === 0) process.exitCode = 1;
