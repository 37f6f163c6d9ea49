/**
 * Prints the tables of docs/figures/estimates.md: the time of a step on GPUs that smigh has not run on, from
 * counted bytes, multiply-adds and words, and from workgroups against the number of cores.
 *
 *   npx tsx bench/studies/estimates.ts
 */
import { capacityWithin } from "../../src/engine/webgpu/device/capacity.js";
import { SPLIT_COLUMNS, choices, nameOf, sideOf } from "../../src/engine/webgpu/kernels/choice.js";
import type { KernelName } from "../../src/engine/webgpu/kernels/kernels.js";
import { type Tiling, isWhole, takesStep } from "../../src/engine/webgpu/kernels/tiling.js";
import { shapeOf } from "../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../src/engine/webgpu/kernels/cut-steps.js";
import { markdownTable } from "../measure/report.js";
import { type Workload, workloads } from "../measure/workloads.js";
import { problemOn } from "./paper-problem.js";
import { type Pass, traffic } from "./traffic.js";

/** A GPU, by its maker and by the measurements of others. */
interface Gpu {
  readonly name: string;
  /** Compute units, each with so many lanes that take a multiply-add per cycle. */
  readonly cores: number;
  readonly lanes: number;
  readonly gigahertz: number;
  /** Threads of a core whose registers fit at once, at 128 each. */
  readonly residentThreads: number;
  readonly memoryGigabytes: number;
  /** The last cache before memory: bytes, and GB/s. */
  readonly cacheBytes: number;
  readonly cacheGigabytes: number;
  /** Nanoseconds of a load that nothing hides, from that cache and from memory, with a barrier. */
  readonly cacheNs: number;
  readonly memoryNs: number;
}

const MB = 2 ** 20;
// prettier-ignore
const GPUS: readonly Gpu[] = [
  { name: "M3, 10 cores", cores: 10, lanes: 128, gigahertz: 1.4, residentThreads: 384, memoryGigabytes: 100,
    cacheBytes: 8 * MB, cacheGigabytes: 300, cacheNs: 200, memoryNs: 400 },
  { name: "RTX 4090", cores: 128, lanes: 128, gigahertz: 2.52, residentThreads: 512, memoryGigabytes: 1008,
    cacheBytes: 72 * MB, cacheGigabytes: 5000, cacheNs: 130, memoryNs: 300 },
  { name: "H200", cores: 132, lanes: 128, gigahertz: 1.98, residentThreads: 512, memoryGigabytes: 4800,
    cacheBytes: 50 * MB, cacheGigabytes: 5500, cacheNs: 160, memoryNs: 350 },
  { name: "Tiger Lake, 96 EU", cores: 6, lanes: 128, gigahertz: 1.3, residentThreads: 896, memoryGigabytes: 60,
    cacheBytes: 3.75 * MB, cacheGigabytes: 160, cacheNs: 200, memoryNs: 400 },
  { name: "RX 7900 XTX", cores: 96, lanes: 64, gigahertz: 2.4, residentThreads: 768, memoryGigabytes: 960,
    cacheBytes: 96 * MB, cacheGigabytes: 3000, cacheNs: 150, memoryNs: 300 },
];

/** Microseconds between two dispatches that depend on each other: one drains, the next starts. */
const GAP_US = 2.5;
/** Microseconds that the processor takes to encode a dispatch in an open pass (Dawn, measured by others). */
const ENCODE_US = 3;
/** Instructions, or their equivalent in reads of workgroup memory, for a multiply-add of the inner loop. */
const PER_MAC: Partial<Record<KernelName, number>> = { "split-logits": 1.5, "split-gradient": 1.4 };
const PER_MAC_ELSE = 1.3;
/** Loads in flight in a loop without barriers, which compilers unroll. */
const IN_FLIGHT = 4;
/** Instructions for a word that a kernel without products loads or stores. */
const PER_WORD = 4;

/** Lanes that load together what is the same for all. */
const SUBGROUP = 32;
const CAPACITY = capacityWithin({
  bindingBytes: 2 ** 31 - 4,
  slow: false,
  storageBuffers: 10,
  subgroups: true,
});

/** How a dispatch is spread: workgroups, their threads, and loads of a thread that wait for one another. */
interface Launch {
  readonly groups: number;
  readonly threads: number;
  readonly chain: number;
}

const ceil = (value: number, unit: number) => Math.ceil(value / unit);

function launchOf(kernel: KernelName, cut: Tiling, batch: number): Launch {
  const { features4, slots, span, count, workgroup } = cut;
  const rows = Math.min(batch, cut.blockRows);
  if (kernel === "update" && takesStep(cut)) return { groups: 1, threads: workgroup, chain: 2 };
  if (kernel === "update")
    return { groups: ceil(count, workgroup), threads: workgroup, chain: 2 + slots / IN_FLIGHT };
  if (cut.kind === "split" && kernel === "split-logits") {
    return { groups: ceil(rows, cut.groupRows), threads: workgroup, chain: ceil(features4, cut.lanes) + 2 };
  }
  if (cut.kind === "split" && kernel === "split-gradient") {
    const rowLanes = workgroup / SPLIT_COLUMNS;
    const groups = ceil(features4, SPLIT_COLUMNS) * slots;
    return { groups, threads: workgroup, chain: ceil(Math.min(rows, span), rowLanes * IN_FLIGHT) + 2 };
  }
  if (isWhole(cut)) {
    const { lanes, columns, rows: rowsOfThread, rowThreads } = cut.whole;
    const turns = ceil(batch, rowsOfThread * rowThreads) * features4;
    return { groups: 1, threads: lanes * columns, chain: turns / IN_FLIGHT + 2 };
  }
  if (cut.kind === "fused" && kernel === "fused") {
    const chain = (cut.turns * (features4 + cut.rowThreads * (cut.rows / 4))) / IN_FLIGHT;
    return { groups: slots, threads: workgroup, chain };
  }
  if (cut.kind === "tiled") return tiledLaunch(kernel, cut, rows);
  throw new Error(`${kernel} has no launch in a ${cut.kind} tiling.`);
}

function tiledLaunch(kernel: KernelName, cut: Extract<Tiling, { kind: "tiled" }>, rows: number): Launch {
  const { multiplied4, slots, span, threads, tileThreads, tiles, sums, lanes, workgroup, sharing } = cut;
  if (kernel === "residual")
    return { groups: sums, threads: workgroup, chain: 3 * ceil(tiles, lanes * IN_FLIGHT) };
  const tileGroups = ceil(Math.min(tiles, cut.dispatchTiles), tileThreads);
  const side = sideOf(sharing);
  if (kernel === "logits") {
    const chain = side > 0 ? ceil(4 * multiplied4, side) : multiplied4 / IN_FLIGHT;
    return { groups: ceil(rows / cut.rows, threads) * tileGroups, threads: threads * tileThreads, chain };
  }
  if (kernel === "gradient") {
    const groups = ceil(multiplied4 / cut.vectors, threads) * tileGroups * slots;
    return {
      groups,
      threads: threads * tileThreads,
      chain: ceil(Math.min(rows, span), side || 4 * IN_FLIGHT),
    };
  }
  throw new Error(`${kernel} has no launch in a tiled tiling.`);
}

/** What a pass waits for longest. */
type Limit = "bytes" | "instructions" | "latency" | "gaps";

/** Microseconds of each limit in a pass, on the core with the most workgroups. */
function limitsOf(pass: Pass, launch: Launch, gpu: Gpu, inCache: boolean): Record<Limit, number> {
  const { macs, loads, stores, bytes, kernel, dispatches } = pass;
  const work = macs > 0 ? macs * (PER_MAC[kernel] ?? PER_MAC_ELSE) : (loads + stores) * PER_WORD;
  const whole = Math.max(1, dispatches); // a dispatch of several steps has the work of one in `pass`
  const groupUs = work / whole / launch.groups / gpu.lanes / gpu.gigahertz / 1000;
  const chainUs = (launch.chain * (inCache ? gpu.cacheNs : gpu.memoryNs)) / 1000;
  const resident = Math.min(
    Math.max(1, Math.floor(gpu.residentThreads / launch.threads)),
    ceil(launch.groups, gpu.cores),
  );
  const turns = ceil(launch.groups, gpu.cores * resident);
  return {
    bytes: bytes / (inCache ? gpu.cacheGigabytes : gpu.memoryGigabytes) / 1000,
    instructions: whole * ceil(launch.groups, gpu.cores) * groupUs,
    // Workgroups that share a core hide each other's loads, but for those of one of them.
    latency: whole * turns * (groupUs + chainUs),
    gaps: GAP_US * dispatches,
  };
}

interface Estimate {
  readonly kernels: string;
  readonly gpuUs: number;
  readonly encodeUs: number;
  readonly limit: string;
  readonly passes: readonly string[];
}

function estimate(workload: Workload, gpu: Gpu): Estimate {
  const { rows, problem } = problemOn(workload);
  const shape = shapeOf(rows, problem.classes, problem.batchSize, CAPACITY);
  const [choice] = choices(shape, CAPACITY);
  const cut = cutSteps(rows, problem.classes, problem.batchSize, CAPACITY, choice);
  const { passes, bytesMoved } = traffic(rows, problem, cut, rows.count, SUBGROUP);
  const inCache = bytesMoved <= gpu.cacheBytes;
  const totals: Record<Limit, number> = { bytes: 0, instructions: 0, latency: 0, gaps: 0 };
  const parts: string[] = [];
  for (const pass of passes) {
    const { gaps, ...limits } = limitsOf(pass, launchOf(pass.kernel, cut, workload.batch), gpu, inCache);
    const [[limit, longest]] = entriesOf(limits).toSorted(([, one], [, other]) => other - one);
    totals[limit] += longest;
    totals.gaps += gaps;
    parts.push(`${pass.kernel} ${digits(longest)}`);
  }
  const [[limit]] = entriesOf(totals).toSorted(([, one], [, other]) => other - one);
  return {
    kernels: nameOf(choice),
    gpuUs: Object.values(totals).reduce((all, one) => all + one, 0),
    encodeUs: ENCODE_US * passes.reduce((all, { dispatches }) => all + dispatches, 0),
    limit,
    passes: parts,
  };
}

function entriesOf<K extends string>(record: Readonly<Partial<Record<K, number>>>): [K, number][] {
  return Object.entries(record) as [K, number][];
}

/** Least microseconds by any implementation: its bytes from memory, its multiply-adds at the full rate. */
function least(workload: Workload, { cores, lanes, gigahertz, memoryGigabytes }: Gpu): number {
  const { features, classes, batch, name } = workload;
  const bytes = batch * features * (name === "mnist" ? 1 : 4) + 4 * batch + 8 * (features + 1) * classes;
  const flops = (2 * batch * features * classes) / (cores * lanes * gigahertz * 1000);
  return Math.max(flops, bytes / memoryGigabytes / 1000);
}

function digits(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 2 });
}

for (const gpu of GPUS) {
  console.log(`\n### ${gpu.name}\n`);
  const heads = ["workload", "kernels", "GPU, µs", "most of it", "passes, µs", "encoding, µs", "least, µs"];
  const lines = workloads.map((workload) => {
    const { kernels, gpuUs, encodeUs, limit, passes } = estimate(workload, gpu);
    const cells = [
      `\`${workload.name}\``,
      kernels,
      digits(gpuUs),
      limit,
      passes.join(", "),
      digits(encodeUs),
    ];
    return [...cells, digits(least(workload, gpu))];
  });
  console.log(markdownTable(heads, 2, lines));
}
