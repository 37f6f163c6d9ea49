/**
 * The tables of docs/kernels.md: what the kernels count on the benchmark's workloads, and what a step would take on
 * two GPUs that are only on paper, with the kernels of TensorFlow.js and jax-js counted the same way.
 *
 *   npx tsx bench/studies/paper.ts
 */
import type { DescentProblem } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { choiceNamed, choices, nameOf } from "../../src/engine/webgpu/kernels/choice.js";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import { shapeOf, tiling } from "../../src/engine/webgpu/kernels/tiling.js";
import { traffic } from "./traffic.js";
import { type Workload, workloads } from "../measure/workloads.js";

interface Gpu {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly flops: number;
}

const GPUS: readonly Gpu[] = [
  { name: "integrated: 300 GB/s, 5 TFLOP/s", bytesPerSecond: 300e9, flops: 5e12 },
  { name: "discrete: 3 TB/s, 50 TFLOP/s", bytesPerSecond: 3e12, flops: 50e12 },
];
const DISPATCH_SECONDS = 30e-6;

const WEBGPU = { bindingBytes: 2 ** 31 - 4, storageBuffers: 10, subgroups: true };
const ADAPTERS: readonly { readonly name: string; readonly capacity: Capacity }[] = [
  { name: "A GPU, by the table", capacity: { ...WEBGPU, slow: false } },
  {
    name: "A software adapter (SwiftShader), by the table",
    capacity: { ...WEBGPU, slow: true, bindingBytes: 2 ** 30 },
  },
];

/** The tiled kernels' choices that are compared. */
const TILED = [
  "tiled 4x1",
  "tiled 4x1 subgroups",
  "tiled 4x1 shared",
  "tiled 8x2",
  "tiled 8x2 subgroups",
  "tiled 8x2 shared",
];

/** A pass of any system: what it moves, what it multiplies and how many dispatches it is, perhaps a part of one. */
interface Pass {
  readonly bytes: number;
  readonly macs: number;
  readonly dispatches: number;
}

function problemOf({ name, features, classes, batch }: Workload): { rows: Rows; problem: DescentProblem } {
  const x = name === "mnist" ? new Uint8Array() : new Float32Array();
  const scale = name === "mnist" ? 1 / 255 : 1;
  const rows = { count: batch, features, x, scale, labels: new Uint32Array() };
  const rule = { kind: "sgd", momentum: 0, nesterov: false } as const;
  return { rows, problem: { classes, intercept: true, rule, batchSize: batch } };
}

/** By the table, unless a choice is named. */
function ours(workload: Workload, capacity: Capacity, kernels?: string) {
  const { rows, problem } = problemOf(workload);
  const shape = shapeOf(rows, problem.classes, problem.batchSize, capacity);
  const choice = kernels === undefined ? choices(shape, capacity)[0] : choiceNamed(kernels, shape, capacity);
  const cut = tiling(rows, problem.classes, problem.batchSize, capacity, choice);
  return { name: nameOf(choice), ...traffic(rows, problem, cut, rows.count) };
}

/**
 * The dispatches of one step of bench/peers/tfjs.ts, of tfjs 4.22 (kernels/BatchMatMul_impl.js, Softmax.js, Sum.js …):
 * 32-bit words that each reads and writes, where N is X, W the weights and Z a matrix of rows × classes. On a GPU with
 * many cores the products of mnist may be split (MatMulSplitKProgram), which adds up to two passes over their results.
 */
function tfjs({ features: d, classes: k, batch: b }: Workload): Pass[] {
  const [n, w, z, product] = [b * d, d * k, b * k, b * d * k];
  return [
    pass(n + w + k + z, product), // X·W + b
    pass(2 * z), // softmax
    pass(3 * z), // − Y, which is a matrix
    pass(2 * z), // Rᵀ
    pass(z + n + w, product), // Rᵀ·X
    pass(2 * w), // transposed
    pass(2 * w), // times the rate
    pass(3 * w), // W − that
    pass(2 * z), // R, transposed for its sum
    pass(z + k), // summed
    pass(2 * k), // times the rate
    pass(3 * k), // b − that
  ];
}

/** The same of bench/peers/jax-js.ts, of jax-js 0.1, which fuses elementwise operations with the reduction before. */
function jaxJs({ features: d, classes: k, batch: b }: Workload): Pass[] {
  const [n, w, z, product] = [b * d, d * k, b * k, b * d * k];
  return [
    pass(n + w + k + z, product), // X·W + b
    pass(z + b), // the largest of each row
    pass(2 * z + b), // exp(Z − that)
    pass(z + b), // their sums
    pass(2 * z + 2 * b + k), // divided, − the labels' one-hot
    pass(z + n + w, product), // Rᵀ·X
    pass(3 * w), // W − rate · that, transposed
    pass(z + 2 * k), // b − rate · the sum of R
  ];
}

function pass(words: number, macs = 0): Pass {
  return { bytes: 4 * words, macs, dispatches: 1 };
}

/** Seconds of a step: its passes follow one another, and each takes the longest of its three. */
function onPaper(passes: readonly Pass[], { bytesPerSecond, flops }: Gpu) {
  const limits = { bytes: 0, flops: 0, dispatches: 0 };
  for (const { bytes, macs, dispatches } of passes) {
    const seconds = {
      bytes: bytes / bytesPerSecond,
      flops: (2 * macs) / flops,
      dispatches: dispatches * DISPATCH_SECONDS,
    };
    const longest = Math.max(...Object.values(seconds));
    for (const key of ["bytes", "flops", "dispatches"] as const)
      if (seconds[key] === longest) limits[key] += longest;
  }
  const seconds = limits.bytes + limits.flops + limits.dispatches;
  const [[limit]] = Object.entries(limits).toSorted(([, one], [, other]) => other - one);
  return { seconds, limit };
}

/** Seconds that any way to take the step needs. */
function least(workload: Workload, { bytesPerSecond, flops }: Gpu): number {
  const { leastBytes } = ours(workload, ADAPTERS[0].capacity);
  const { features, classes, batch } = workload;
  return Math.max(leastBytes / bytesPerSecond, (4 * batch * features * classes) / flops);
}

const digits = (value: number) => value.toLocaleString("en", { maximumSignificantDigits: 3 });
const mega = (value: number) => digits(value / 1e6);
const micro = (seconds: number) => digits(seconds * 1e6);
const sumOf = <T>(all: readonly T[], of: (one: T) => number) =>
  all.reduce((total, one) => total + of(one), 0);

function dispatchesOf(passes: readonly Pass[]): string {
  const dispatches = sumOf(passes, (one) => one.dispatches);
  return dispatches < 1 ? `1 / ${digits(1 / dispatches)}` : digits(dispatches);
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): void {
  const rule = head.map((_, n) => (n === 0 ? "---" : "---:"));
  console.log([head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n"));
}

for (const { name, capacity } of ADAPTERS) {
  console.log(`\n${name}, a step:\n`);
  const head = [
    "workload",
    "kernels",
    "dispatches",
    "macs, M",
    "of 2BDK",
    "loads, M words",
    "stores, M words",
  ];
  table(
    [...head, "loads / mac", "moved, MB", "least, MB", "moved / least"],
    workloads.map((workload) => {
      const { name: kernels, passes, bytesMoved, leastBytes } = ours(workload, capacity);
      const { features, classes, batch } = workload;
      const [macs, loads, stores] = (["macs", "loads", "stores"] as const).map((key) =>
        sumOf(passes, (one) => one[key]),
      );
      return [
        `\`${workload.name}\``,
        kernels,
        dispatchesOf(passes),
        mega(macs),
        `${digits(macs / (2 * batch * features * classes))} ×`,
        mega(loads),
        mega(stores),
        digits(loads / macs),
        mega(bytesMoved),
        mega(leastBytes),
        `${digits(bytesMoved / leastBytes)} ×`,
      ];
    }),
  );
}

const wide = workloads.filter(({ name }) => name === "wide");
console.log(
  "\nThe tiled kernels on a GPU, a step of `wide`, and what would come from the caches at the full rate:\n",
);
table(
  ["kernels", "macs, of 2BDK", "loads / mac", ...GPUS.map(({ flops }) => `TB/s at ${flops / 1e12} TFLOP/s`)],
  wide.flatMap((workload) =>
    TILED.map((kernels) => {
      const { passes } = ours(workload, ADAPTERS[0].capacity, kernels);
      const { features, classes, batch } = workload;
      const [macs, loads] = [sumOf(passes, (one) => one.macs), sumOf(passes, (one) => one.loads)];
      return [
        kernels,
        `${digits(macs / (2 * batch * features * classes))} ×`,
        digits(loads / macs),
        ...GPUS.map(({ flops }) => digits((4 * loads * flops) / (2 * macs) / 1e12)),
      ];
    }),
  ),
);

for (const gpu of GPUS) {
  console.log(`\nOn paper, ${gpu.name}, 30 µs a dispatch:\n`);
  const head = ["workload", "least, µs"];
  for (const system of ["smigh", "jax-js", "tfjs"])
    head.push(`${system}, µs`, "limit", "share", "MB", "dispatches");
  table(
    head,
    workloads.map((workload) => {
      const floor = least(workload, gpu);
      const cells = [ours(workload, ADAPTERS[0].capacity).passes, jaxJs(workload), tfjs(workload)].flatMap(
        (passes) => {
          const { seconds, limit } = onPaper(passes, gpu);
          return [
            micro(seconds),
            limit,
            `${digits((100 * floor) / seconds)}%`,
            mega(sumOf(passes, ({ bytes }) => bytes)),
            dispatchesOf(passes),
          ];
        },
      );
      return [`\`${workload.name}\``, micro(floor), ...cells];
    }),
  );
}
