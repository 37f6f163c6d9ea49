// Compiles the kernels that the engine makes of the shaders, every kind and choice, for every kind of adapter
// and of features, with Dawn, Chrome's WebGPU, on its null backend, which needs no adapter. Creates a
// pipeline for every entry point, with the limits that all devices have. Also links every shader with `wesl`,
// another implementation of the syntax, under all conditions that the engine sets: its kernels must compile,
// and equal the engine's with loops that are not unrolled, as `wesl` moves comments.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import process from "node:process";
import { create, globals } from "webgpu";
import { link } from "wesl/core";
import type { Rows } from "../src/core/rows.js";
import { choices, objectiveChoices } from "../src/engine/webgpu/kernels/choice.js";
import {
  blockKernels,
  blockSumKernel,
  changed,
  conjugateKernels,
  gatherKernel,
  objectiveBlockSum,
  rawKernels,
  residualKernel,
  rowKernels,
  stepsKernel,
  updateKernel,
  vectorKernel,
} from "../src/engine/webgpu/kernels/constants.js";
import { type Capacity, capacityWithin } from "../src/engine/webgpu/device/capacity.js";
import { type Specialisation, specialise } from "../src/engine/webgpu/kernels/specialise.js";
import { type ObjectiveTiling, type Tiling, isWhole } from "../src/engine/webgpu/kernels/tiling.js";
import { cutObjective } from "../src/engine/webgpu/kernels/cut-objective.js";
import { shapeOf } from "../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../src/engine/webgpu/kernels/cut-steps.js";
import { VECTOR_KERNELS } from "../src/engine/webgpu/objective/vectors.js";
import { BLOCK_SHADERS } from "./gpu/kernels.js";
import { type ShaderTexts, declarationsOf, layOut, linkShader, unusedImports } from "./link-shader.js";
import { readShaders } from "./shader-plugin.js";

const root = join(import.meta.dirname, "..");

async function readAll(folder: string, ending: string): Promise<Map<string, string>> {
  const names = await readdir(join(root, folder), { recursive: true });
  const paths = names
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return new Map(
    await Promise.all(
      paths.toSorted().map(async (path) => [path, await readFile(join(root, path), "utf8")] as const),
    ),
  );
}

// Referenced for as long as the device is used: Dawn crashes if its instance is garbage-collected first.
const gpu = create(["backend=null"]);

async function openDevice(): Promise<GPUDevice> {
  Object.assign(globalThis, globals);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("Dawn's null backend gave no adapter: reinstall the npm package webgpu.");
  // TypeScript does not know all names of features.
  const isOffered = (name: string): name is GPUFeatureName => adapter.features.has(name);
  const requiredFeatures = ["subgroups", "subgroup-size-control", "shader-f16"].filter(isOffered);
  return adapter.requestDevice({ requiredFeatures });
}

/** Runs this script once for each core, up to four, with a share of the kernels. Returns the exit status. */
async function checkInParts(): Promise<number> {
  const parts = Math.min(4, availableParallelism());
  const statuses = await Promise.all(
    Array.from({ length: parts }, async (_, part) => {
      const words = ["--import", "tsx", process.argv[1], String(part), String(parts)];
      const [status] = await once(spawn(process.execPath, words, { stdio: "inherit" }), "close");
      return Number(status ?? 1);
    }),
  );
  return Math.max(...statuses);
}

/** Compiles one shader and returns its problems, one line each, with path and position. */
async function problemsOf(device: GPUDevice, path: string, code: string): Promise<string[]> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: path, code });
  const { messages } = await module.getCompilationInfo();
  const invalid = await device.popErrorScope();
  if (messages.length > 0) {
    return messages.map(
      ({ lineNum, linePos, type, message }) => `${path}:${lineNum}:${linePos}: ${type}: ${message}`,
    );
  }
  if (invalid) return [`${path}: ${invalid.message}`];

  const entryPoints = [...code.matchAll(/@compute\b[^{;]*?\bfn\s+(\w+)/g)].flatMap(([, name]) => name ?? []);
  if (entryPoints.length === 0) return [`${path}: no @compute entry point`];
  // A kernel with more bindings than every device allows gets no pipeline: the null device has no more.
  const storage = code.match(/^@group.*var<storage/gm)?.length ?? 0;
  if (storage > device.limits.maxStorageBuffersPerShaderStage) return [];
  const problems: string[] = [];
  for (const entryPoint of entryPoints) {
    device.pushErrorScope("validation");
    device.createComputePipeline({
      label: `${path} ${entryPoint}`,
      layout: "auto",
      compute: { module, entryPoint },
    });
    const error = await device.popErrorScope();
    if (error) problems.push(`${path}: ${entryPoint}: ${error.message}`);
  }
  return problems;
}

const flags = [false, true];
const modes = ["train", "capture", "evaluate"] as const;

const held = { bindingBytes: 2 ** 30, storageBuffers: 10 };
const common = flags.flatMap((slow) =>
  flags.map((subgroups) => capacityWithin({ ...held, slow, subgroups })),
);
/** Intel's GPUs with subgroups of the least size, and those whose threads have few registers. */
const narrow = [
  capacityWithin({ ...held, slow: false, subgroups: true, registers: 128, subgroupSize: 8 }),
  capacityWithin({ ...held, slow: false, subgroups: true, registers: 64 }),
];

/** Tilings of a batch of all rows, for every choice on these kinds of adapters. */
function cuts(rows: Rows, classes: number, capacities: readonly Capacity[]): Tiling[] {
  return capacities.flatMap((capacity) =>
    choices(shapeOf(rows, classes, rows.count, capacity), capacity).map((choice) =>
      cutSteps(rows, classes, rows.count, capacity, choice),
    ),
  );
}

/** Tilings of an objective over all rows, likewise. */
function objectiveCuts(rows: Rows, classes: number, capacities: readonly Capacity[]): ObjectiveTiling[] {
  return capacities.flatMap((capacity) =>
    objectiveChoices(shapeOf(rows, classes, rows.count, capacity), capacity).map((choice) =>
      cutObjective(rows, classes, rows.count, capacity, choice),
    ),
  );
}

/** Pairs of shader name and specialisation for the kernels of an objective. */
function objectives(rows: Rows, cut: ObjectiveTiling): (readonly [string, Specialisation])[] {
  const ofRows = rowKernels(cut);
  return flags.flatMap((flag) => {
    const logits = rawKernels(rows, { ...cut.logits, gathered: flag });
    const problem = { intercept: flag };
    const ofSteps = conjugateKernels(rows, problem, cut, flag);
    return [
      [cut.logits.kind === "split" ? "split-logits" : "logits", logits],
      ["gradient", rawKernels(rows, { ...cut, gathered: flag })],
      ["block-sum", objectiveBlockSum(cut)],
      ["objective-residual", changed(ofRows, { MOVE: flag })],
      ["objective-residual", changed(ofRows, { EVALUATE: flag })],
      ["objective-residual", residualKernel({ ...rows, offsets: new Float32Array(0) }, cut)],
      ...["objective-trial", "hessian-residual"].map((name) => [name, ofRows] as const),
      ...VECTOR_KERNELS.map((name) => [name, vectorKernel(name, rows, problem, cut)] as const),
      ...Object.entries(ofSteps),
    ] as const;
  });
}

/** The distinct kernels that the engine makes of a shader, and one of them for every set of conditions. */
interface Made {
  readonly linked: string;
  readonly kernels: Set<string>;
  /** By the names of the conditions, joined. */
  readonly conditions: Map<string, Specialisation>;
}

/** Makes the kernels of many problems and adapters, by the shader's path. */
function specialisations(shaders: ShaderTexts): Map<string, Made> {
  const shapes = [
    { features: 784, classes: 10, count: 4096 },
    { features: 20, classes: 24, count: 70 },
    { features: 1024, classes: 1000, count: 1024 },
    // As f32 alone, as the types of features do not depend on the shape.
    { features: 3, classes: 2, count: 150 },
    { features: 33, classes: 37, count: 129 },
    { features: 256, classes: 100_000, count: 256 },
  ];
  const typed = shapes.slice(0, 3);
  const sgd = { kind: "sgd", momentum: 0.9, nesterov: true } as const;
  const adam = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.01 } as const;
  const trainings = [
    { rule: sgd, gathered: false, smoothing: 0, soft: false },
    { rule: adam, gathered: true, smoothing: 0, soft: false },
    { rule: adam, gathered: false, smoothing: 0.1, soft: false },
    { rule: adam, gathered: true, smoothing: 0.1, soft: true },
  ];
  // With offsets and penalty factors, which read no features.
  const adjusted = [
    { ...trainings[0], adjusted: true },
    { ...trainings[3], adjusted: true },
  ];
  const kinds = [
    { x: new Float32Array(0), scale: 1 },
    { x: new Uint8Array(0), scale: 1 / 255 },
    { x: new Uint8Array(0), scale: 0.5 },
    // Stands for a Float16Array, which Node 20 lacks.
    { x: Object.defineProperty(new Float32Array(0), "BYTES_PER_ELEMENT", { value: 2 }), scale: 1 },
  ];
  const paths = [...shaders.keys()].filter((path) => !path.startsWith("lib/"));
  const made = new Map<string, Made>(
    paths.map((path) => [
      path,
      { linked: linkShader(path, shaders), kernels: new Set(), conditions: new Map() },
    ]),
  );
  const add = (name: string, specialisation: Specialisation) => {
    const one = made.get(`${name}.wgsl`);
    one?.kernels.add(specialise(one.linked, specialisation));
    one?.conditions.set(specialisation.when.join(), specialisation);
  };
  for (const shape of shapes)
    for (const kind of typed.includes(shape) ? kinds : kinds.slice(0, 1)) {
      const capacities = kind === kinds[0] ? [...common, ...narrow] : common;
      const labelled = { ...shape, ...kind, labels: new Uint32Array(0) };
      for (const cut of cuts(labelled, shape.classes, capacities))
        for (const training of kind === kinds[0] ? [...trainings, ...adjusted] : trainings) {
          const { rule, gathered, smoothing, soft } = training;
          const isAdjusted = "adjusted" in training;
          const rows = {
            ...labelled,
            ...(soft && { targets: new Float32Array(0) }),
            ...(isAdjusted && { offsets: new Float32Array(0) }),
          };
          const problem = {
            classes: shape.classes,
            intercept: true,
            rule,
            batchSize: shape.count,
            smoothing,
            ...(isAdjusted && { penaltyFactors: new Float32Array(0) }),
          };
          for (const mode of modes) {
            const block = blockKernels(rows, problem, { ...cut, gathered }, mode);
            const all = [
              ...BLOCK_SHADERS[cut.kind].map((name) => [name, block] as const),
              ["update", updateKernel(rows, problem, cut, mode)] as const,
              ["block-sum", blockSumKernel(cut)] as const,
              ["gather", gatherKernel(cut)] as const,
              ...(isWhole(cut) ? [["steps", stepsKernel(rows, problem, cut, mode)] as const] : []),
            ];
            for (const [name, specialisation] of all) add(name, specialisation);
          }
        }
      for (const cut of objectiveCuts(labelled, shape.classes, capacities))
        for (const [name, specialisation] of objectives(labelled, cut)) add(name, specialisation);
    }
  return made;
}

/** Links a shader with `wesl`. Its modules are named by identifiers, which have no hyphens. */
async function linkByWesl(path: string, shaders: ShaderTexts, when: readonly string[]): Promise<string> {
  const nameOf = (one: string) => `./${one.replaceAll("-", "_")}`;
  const { dest } = await link({
    weslSrc: Object.fromEntries([...shaders].map(([one, text]) => [nameOf(one), text])),
    rootModuleName: nameOf(path),
    conditions: Object.fromEntries(when.map((name) => [name, true])),
  });
  return dest;
}

/** Returns declarations that `wesl` links and the engine lacks. `wesl` leaves out more that is unused. */
function missing(engine: string, byWesl: string): string[] {
  const plain = (text: string) => declarationsOf(text.replaceAll(/,(?=\n *\))/g, ""));
  const own = new Set(plain(engine));
  return plain(byWesl).filter((declaration) => !own.has(declaration));
}

/**
 * Returns conditions in a shader that the engine never sets, or always. Where a condition is in a library,
 * that is of all kernels that have it.
 */
function undecided(path: string, all: ReadonlyMap<string, Made>): string[] {
  const namesOf = (text = "") =>
    new Set(Array.from(text.matchAll(/@(?:el)?if\((\w+)\)/g), ([, name]) => name));
  const own = namesOf(shaders.get(path));
  const valuesOf = (name: string, { conditions }: Made) =>
    [...conditions.values()].map(({ when }) => when.includes(name));
  return [...namesOf(all.get(path)?.linked)].filter((name) => {
    const having = [...all].filter(([other, { linked: text }]) =>
      own.has(name) ? other === path : namesOf(text).has(name),
    );
    return new Set(having.flatMap(([, made]) => valuesOf(name, made))).size < 2;
  });
}

/** Which of the processes this is, of how many: each compiles its share of the kernels. */
const [share = "", shares = ""] = process.argv.slice(2);
if (shares === "") process.exit(await checkInParts());

const isOurs = (n: number) => n % Number(shares) === Number(share);
const shaders = readShaders();
const others = await readAll("bench", ".wgsl");
const sources = [...(await readAll("src", ".ts")).values()].join("\n");
const device = await openDevice();

const problems: string[] = [];
let kernels = 0;
let linked = 0;
for (const [path, code] of isOurs(0) ? others : []) problems.push(...(await problemsOf(device, path, code)));
for (const path of shaders.keys()) {
  for (const name of unusedImports(path, shaders)) problems.push(`shaders/${path}: imports ${name} in vain`);
}
const all = specialisations(shaders);
for (const [path, made] of all) {
  if (!sources.includes(`shaders/${path}?linked`))
    problems.push(`shaders/${path}: no file in src/ imports it`);
  if (made.kernels.size === 0) problems.push(`shaders/${path}: the engine makes no kernel of it`);
  for (const name of undecided(path, all)) {
    problems.push(`shaders/${path}: the condition ${name} is always the same`);
  }
  for (const text of made.kernels) {
    if (isOurs(kernels++)) problems.push(...(await problemsOf(device, `shaders/${path}, specialised`, text)));
  }
  for (const [names, specialisation] of made.conditions) {
    if (!isOurs(linked++)) continue;
    const make = (text: string) => specialise(text.replaceAll(" // unroll", ""), specialisation);
    const byWesl = make(layOut(await linkByWesl(path, shaders, specialisation.when)));
    const label = `shaders/${path}, linked by wesl with ${names || "no condition"}`;
    // Subgroups broadcast from lanes whose numbers are constants in unrolled loops only.
    const compiles = !specialisation.when.includes("SUBGROUPS");
    if (compiles) problems.push(...(await problemsOf(device, label, byWesl)));
    const absent = missing(make(made.linked), byWesl);
    problems.push(...absent.map((declaration) => `${label}: the engine's text lacks ${declaration}`));
  }
}

for (const problem of problems) console.error(problem);
console.log(
  `WGSL, ${Number(share) + 1} of ${shares}: ${kernels} kernels made of ${shaders.size + others.size} files compiled, and ${linked} linked by wesl, ` +
    `${problems.length} problems`,
);
// Dawn keeps the process alive for as long as its instance is referenced.
process.exit(problems.length > 0 ? 1 : 0);
