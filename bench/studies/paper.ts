/**
 * Prints the tables of docs/figures/kernels.md: the kernels' counts on the benchmark's workloads, and the
 * time of a step on two hypothetical GPUs, with the kernels of TensorFlow.js and jax-js counted the same way.
 *
 *   npx tsx bench/studies/paper.ts
 */
import { stepChoiceNamed, choices, nameOf } from "../../src/engine/webgpu/kernels/choice.js";
import { type Capacity, capacityWithin } from "../../src/engine/webgpu/device/capacity.js";
import { shapeOf } from "../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../src/engine/webgpu/kernels/cut-steps.js";
import { problemOn } from "./paper-problem.js";
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
/** To encode a dispatch in a pass that is open. */
const DISPATCH_SECONDS = 3e-6;

const WEBGPU = { bindingBytes: 2 ** 31 - 4, storageBuffers: 10, subgroups: true };
/** An adapter, and the lanes of its subgroups that load together what is the same for all. */
interface Adapter {
  readonly name: string;
  readonly capacity: Capacity;
  readonly subgroup: number;
}
const ADAPTERS: readonly Adapter[] = [
  { name: "A GPU, by the table", capacity: capacityWithin({ ...WEBGPU, slow: false }), subgroup: 32 },
  {
    name: "A software adapter (SwiftShader), by the table",
    capacity: capacityWithin({ ...WEBGPU, slow: true, bindingBytes: 2 ** 30 }),
    subgroup: 1,
  },
];

/** Choices of the tiled kernels to compare. */
const TILED = [
  "tiled 4x1",
  "tiled 4x1 subgroups",
  "tiled 4x1 shared",
  "tiled 8x2",
  "tiled 8x2 subgroups",
  "tiled 8x2 shared",
];

/** A pass of any system: bytes, multiply-adds, and dispatches (a fraction where one takes several steps). */
interface Pass {
  readonly bytes: number;
  readonly macs: number;
  readonly dispatches: number;
}

/** The traffic of smigh, with the named kernels or else the table's first choice. */
function ours(workload: Workload, { capacity, subgroup }: Adapter, kernels?: string) {
  const { rows, problem } = problemOn(workload);
  const shape = shapeOf(rows, problem.classes, problem.batchSize, capacity);
  const choice =
    kernels === undefined ? choices(shape, capacity)[0] : stepChoiceNamed(kernels, shape, capacity);
  const cut = cutSteps(rows, problem.classes, problem.batchSize, capacity, choice);
  return { name: nameOf(choice), ...traffic(rows, problem, cut, rows.count, subgroup) };
}

/**
 * The dispatches of one step of bench/peers/tfjs.ts with tfjs 4.22 (kernels/BatchMatMul_impl.js, Softmax.js,
 * Sum.js …), and the 32-bit words that each reads and writes: n those of X, w of the weights and z of a
 * (rows, classes) matrix. On a GPU with many cores the products of mnist may be split (MatMulSplitKProgram),
 * which adds up to two passes over their results.
 */
function tfjs({ features: d, classes: k, batch: b }: Workload): Pass[] {
  const [n, w, z, product] = [b * d, d * k, b * k, b * d * k];
  return [
    pass(n + w + k + z, product), // X·W + b
    pass(2 * z), // softmax
    pass(3 * z), // R = softmax − Y, where Y is a matrix
    pass(2 * z), // Rᵀ
    pass(z + n + w, product), // Rᵀ·X
    pass(2 * w), // G = (Rᵀ·X)ᵀ
    pass(2 * w), // rate·G
    pass(3 * w), // W − rate·G
    pass(2 * z), // R transposed, for its sum
    pass(z + k), // g = ΣR
    pass(2 * k), // rate·g
    pass(3 * k), // b − rate·g
  ];
}

/**
 * The same for bench/peers/jax-js.ts with jax-js 0.1, which fuses elementwise operations with the reduction
 * that precedes them.
 */
function jaxJs({ features: d, classes: k, batch: b }: Workload): Pass[] {
  const [n, w, z, product] = [b * d, d * k, b * k, b * d * k];
  return [
    pass(n + w + k + z, product), // X·W + b
    pass(z + b), // m, the maximum of each row
    pass(2 * z + b), // E = exp(Z − m)
    pass(z + b), // s, the sum of each row of E
    pass(2 * z + 2 * b + k), // R = E / s − Y, with Y made from the labels
    pass(z + n + w, product), // Rᵀ·X
    pass(3 * w), // W − rate·(Rᵀ·X)ᵀ
    pass(z + 2 * k), // b − rate·ΣR
  ];
}

function pass(words: number, macs = 0): Pass {
  return { bytes: 4 * words, macs, dispatches: 1 };
}

/**
 * Seconds of a step, and what limits it most. Passes follow one another, and each takes the longest of the
 * times for its bytes, its multiply-adds and its dispatches.
 */
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

/** Least seconds of a step by any implementation, from its bytes and multiply-adds. */
function least(workload: Workload, { bytesPerSecond, flops }: Gpu): number {
  const { leastBytes } = ours(workload, ADAPTERS[0]);
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

for (const adapter of ADAPTERS) {
  console.log(`\n${adapter.name}, a step:\n`);
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
      const { name: kernels, passes, bytesMoved, leastBytes } = ours(workload, adapter);
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
      const { passes } = ours(workload, ADAPTERS[0], kernels);
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
  console.log(`\nOn paper, ${gpu.name}, 3 µs a dispatch:\n`);
  const head = ["workload", "least, µs"];
  for (const system of ["smigh", "jax-js", "tfjs"])
    head.push(`${system}, µs`, "limit", "share", "MB", "dispatches");
  table(
    head,
    workloads.map((workload) => {
      const floor = least(workload, gpu);
      const cells = [ours(workload, ADAPTERS[0]).passes, jaxJs(workload), tfjs(workload)].flatMap(
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
