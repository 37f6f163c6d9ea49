/**
 * Compiles every kernel that a GPU would get with AMD's compiler (RADV, Mesa's Vulkan driver), which needs no
 * card, and prints what it made of it: registers, spills, waves, instructions per multiply-add, inverse
 * throughput. Exit status 1 where a kernel of the table spills or takes more than `LIMITS` allows.
 *
 *   npm run check:gpu -- [--card navi21] [--driver FILE] [--markdown]
 *
 * Needs a C compiler and Debian's mesa-vulkan-drivers and libvulkan-dev, or another Mesa by --driver.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type GpuKernel, gpuKernels } from "./kernels.js";

/** The compiler's figures of a kernel. */
interface Compiled {
  readonly registers: number;
  readonly spills: number;
  /** Waves of 64 or 32 lanes that fit a SIMD at once, by their registers. */
  readonly waves: number;
  readonly instructions: number;
  readonly multiplyAdds: number;
  /** Cycles that a wave keeps the busiest unit, as the compiler estimates. */
  readonly inverseThroughput: number;
}

/** The most registers, and the fewest waves, of the kernels that the table chooses. */
const LIMITS = { registers: 128, waves: 8 };

const { values } = parseArgs({
  options: {
    card: { type: "string", default: "navi21" },
    driver: { type: "string", default: "/usr/lib/x86_64-linux-gnu/libvulkan_radeon.so" },
    markdown: { type: "boolean", default: false },
  },
});
const folder = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "smigh", "gpu");

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
 * Compiles all kernels in a process of their own. Returns the adapter's description and what the driver wrote
 * of each kernel. That goes through a file: 16 MB at once are more than a pipe takes.
 */
function compileAll(): { readonly adapter: string; readonly texts: readonly string[] } {
  const compile = join(import.meta.dirname, "compile.ts");
  const manifest = buildDriver();
  const log = join(folder, "compiled.txt");
  const file = openSync(log, "w");
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", compile], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", file],
    env: {
      ...process.env,
      VK_ICD_FILENAMES: manifest,
      REAL_DRIVER: values.driver,
      RADV_FORCE_FAMILY: values.card,
      RADV_DEBUG: "shaders,shaderstats,nocache",
    },
  });
  closeSync(file);
  const written = readFileSync(log, "utf8");
  if (status !== 0) throw new Error(`The compiler ended with ${status}:\n${written.slice(-2000)}`);
  return { adapter: stdout.trim(), texts: written.split(/^@kernel \d+$/m).slice(1) };
}

function read(text: string): Compiled {
  const numberOf = (name: string): number => {
    const [, digits] = text.match(new RegExp(`^${name}: (\\d+)$`, "m")) ?? [];
    if (digits === undefined) throw new Error(`The driver did not print "${name}": is it RADV?`);
    return Number(digits);
  };
  const [, machineCode = ""] = text.split("\ndisasm:\n");
  return {
    registers: numberOf("VGPRs"),
    spills: numberOf("Spilled VGPRs"),
    waves: numberOf("Subgroups per SIMD"),
    instructions: numberOf("Instructions"),
    multiplyAdds: machineCode.match(/\tv_(?:dual_)?fma/g)?.length ?? 0,
    inverseThroughput: numberOf("Inverse Throughput"),
  };
}

/** Returns what exceeds the limits, one line each. */
function faultsOf({ workload, choice, shader, chosen }: GpuKernel, compiled: Compiled): string[] {
  const { registers, spills, waves } = compiled;
  const name = `${shader} of ${workload}, ${choice}`;
  return [
    ...(spills > 0 ? [`${name}, spills ${spills} registers.`] : []),
    ...(chosen && registers > LIMITS.registers
      ? [`${name}, takes ${registers} registers, and may take ${LIMITS.registers}.`]
      : []),
    ...(chosen && waves < LIMITS.waves
      ? [`${name}, fits ${waves} waves, and must fit ${LIMITS.waves}.`]
      : []),
  ];
}

function table(rows: readonly (readonly [GpuKernel, Compiled])[]): string {
  const heads = ["workload", "kernels", "shader", "VGPRs", "spills", "waves", "instructions", "per multiply-add", "inverse throughput"]; // prettier-ignore
  const lines = rows.map(([kernel, compiled]) => [
    kernel.workload,
    kernel.chosen ? `**${kernel.choice}**` : kernel.choice,
    kernel.shader,
    compiled.registers,
    compiled.spills,
    compiled.waves,
    compiled.instructions,
    compiled.multiplyAdds > 0 ? (compiled.instructions / compiled.multiplyAdds).toFixed(2) : "–",
    compiled.inverseThroughput,
  ]);
  const align = heads.map((_, n) => (n < 3 ? "---" : "---:"));
  return [heads, align, ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}

const kernels = gpuKernels();
const { adapter, texts } = compileAll();
if (texts.length !== kernels.length) {
  throw new Error(`${texts.length} of ${kernels.length} kernels were compiled.`);
}
const rows = kernels.map((kernel, n) => [kernel, read(texts[n] ?? "")] as const);
const faults = rows.flatMap(([kernel, compiled]) => faultsOf(kernel, compiled));
console.log(`${adapter}\n\n${table(rows)}\n`);
for (const fault of faults) console.error(fault);
console.log(`${rows.length} kernels compiled, ${faults.length} beyond the limits`);
if (faults.length > 0) process.exitCode = 1;
