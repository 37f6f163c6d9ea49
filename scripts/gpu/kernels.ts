/** The kernels that a GPU would get for the benchmark's workloads and others, of steps and of objectives. */
import { workloads } from "../../bench/measure/workloads.js";
import type { Rows } from "../../src/core/rows.js";
import type { DescentProblem } from "../../src/engine/descent.js";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import {
  type KernelChoice,
  choices,
  nameOf,
  objectiveChoices,
} from "../../src/engine/webgpu/kernels/choice.js";
import {
  blockKernels,
  changed,
  CONJUGATE_KERNELS,
  conjugateKernels,
  rawKernels,
  rowKernels,
  stepsKernel,
  updateKernel,
  vectorKernel,
} from "../../src/engine/webgpu/kernels/constants.js";
import { type Specialisation, specialise } from "../../src/engine/webgpu/kernels/specialise.js";
import { isWhole } from "../../src/engine/webgpu/kernels/tiling.js";
import { cutObjective } from "../../src/engine/webgpu/kernels/cut-objective.js";
import { shapeOf } from "../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../src/engine/webgpu/kernels/cut-steps.js";
import { VECTOR_KERNELS } from "../../src/engine/webgpu/objective/vectors.js";
import { linkShader } from "../link-shader.js";
import { readShaders } from "../shader-plugin.js";

export interface GpuKernel {
  /** The workload, such as "mnist", or "mnist objective". */
  readonly workload: string;
  /** The choice of kernels, such as "fused 2x2/64", and whether it is the table's. */
  readonly choice: string;
  readonly chosen: boolean;
  /** The shader, such as "logits". */
  readonly shader: string;
  readonly text: string;
}

/** Shapes between the benchmark's. Of these, only the table's choice is compiled. */
const OTHERS = [
  { name: "wine", features: 13, classes: 3, batch: 178 },
  { name: "digits", features: 64, classes: 10, batch: 1797 },
  { name: "digits by 32", features: 64, classes: 10, batch: 32 },
  { name: "letters", features: 16, classes: 26, batch: 1024 },
  { name: "topics", features: 384, classes: 20, batch: 1024 },
];

/** Kernels by the name of their shader. */
type Named = readonly (readonly [string, Specialisation])[];

/** The shaders of the passes of a block, by the kind of tiling. */
export const BLOCK_SHADERS = {
  fused: ["fused"],
  split: ["split-logits", "split-gradient"],
  tiled: ["logits", "residual", "gradient"],
} as const;

const shaders = readShaders();

/** Lists the kernels of every workload and every choice that the tuner may take, each text once. */
export function gpuKernels(capacities: readonly Capacity[]): GpuKernel[] {
  const found = new Map<string, GpuKernel>();
  for (const capacity of capacities) addKernels(found, capacity);
  return [...found.values()];
}

function addKernels(found: Map<string, GpuKernel>, capacity: Capacity): void {
  for (const { name, features, classes, batch } of [...workloads, ...OTHERS]) {
    const most = workloads.some((workload) => workload.name === name) ? Infinity : 1;
    const bytes = name === "mnist";
    const rows: Rows = {
      count: batch,
      features,
      x: bytes ? new Uint8Array() : new Float32Array(),
      scale: bytes ? 1 / 255 : 1,
      labels: new Uint32Array(),
    };
    const shape = shapeOf(rows, classes, batch, capacity);
    const add = (
      workload: string,
      candidates: readonly KernelChoice[],
      kernelsOf: (choice: KernelChoice) => Named,
    ) =>
      candidates.slice(0, most).forEach((choice, n) => {
        for (const [shader, specialisation] of kernelsOf(choice)) {
          const text = specialise(linkShader(`${shader}.wgsl`, shaders), specialisation);
          const first = found.get(text) ?? { workload, choice: nameOf(choice), chosen: false, shader, text };
          found.set(text, { ...first, chosen: first.chosen || n === 0 });
        }
      });
    add(name, choices(shape, capacity), (choice) => stepKernels(rows, classes, capacity, choice));
    add(`${name} objective`, objectiveChoices(shape, capacity), (choice) =>
      objectiveKernels(rows, classes, capacity, choice),
    );
  }
}

function stepKernels(rows: Rows, classes: number, capacity: Capacity, choice: KernelChoice): Named {
  const problem: DescentProblem = {
    classes,
    intercept: true,
    rule: { kind: "sgd", momentum: 0, nesterov: false },
    batchSize: rows.count,
  };
  const cut = cutSteps(rows, classes, rows.count, capacity, choice);
  if (isWhole(cut)) {
    // The fused kernel only evaluates.
    return [
      ["steps", stepsKernel(rows, problem, cut, "train")],
      ["fused", blockKernels(rows, problem, cut, "evaluate")],
    ];
  }
  const block = blockKernels(rows, problem, cut, "train");
  return [
    ...BLOCK_SHADERS[cut.kind].map((name) => [name, block] as const),
    ["update", updateKernel(rows, problem, cut, "train")],
  ];
}

function objectiveKernels(rows: Rows, classes: number, capacity: Capacity, choice: KernelChoice): Named {
  const cut = cutObjective(rows, classes, rows.count, capacity, choice);
  const ofRows = rowKernels(cut);
  const problem = { intercept: true };
  const ofSteps = conjugateKernels(rows, problem, cut, true);
  return [
    [cut.logits.kind === "split" ? "split-logits" : "logits", rawKernels(rows, cut.logits)],
    ["gradient", rawKernels(rows, cut)],
    ["objective-residual", changed(ofRows, { MOVE: true })],
    ["objective-trial", ofRows],
    ["hessian-residual", ofRows],
    ...VECTOR_KERNELS.map((name) => [name, vectorKernel(name, rows, problem, cut)] as const),
    ...CONJUGATE_KERNELS.map((name) => [name, ofSteps[name]] as const),
  ];
}
