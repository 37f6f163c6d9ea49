/** The specialisation of each kernel for a problem: its constants and alternatives. */
import { FLAT } from "../../conjugate-steps.js";
import type { ObjectiveProblem } from "../../objective.js";
import type { DescentProblem } from "../../descent.js";
import { type RowHead, labelledOnly } from "../../../core/rows.js";
import { SPLIT_COLUMNS, sideOf } from "./choice.js";
import { isWide, labelWords } from "./cut.js";
import type { Mode } from "./blocks.js";
import type { KernelName } from "./kernels.js";
import type { Specialisation } from "./specialise.js";
import { countLevels } from "../../../core/sum-plan.js";
import {
  type FusedTiling,
  type ObjectiveTiling,
  type SplitTiling,
  type TiledTiling,
  type Tiling,
  type WholeTiling,
  takesStep,
} from "./tiling.js";

/** Threads of a workgroup over vectors, and vectors of each thread in a step of conjugate gradients. */
export const VECTOR_WORKGROUP = 64;
export const STEP_VECTORS = 4;

/** The rule of kernels that take no step. */
const PLAIN = { kind: "sgd", momentum: 0, nesterov: false } as const;

/** Specialises the kernels of a block: fused, or logits, residual and gradient. Evaluations do not smooth. */
export function blockKernels(
  rows: RowHead,
  problem: Partial<Pick<DescentProblem, "smoothing" | "rule" | "intercept" | "penaltyFactors">>,
  tiling: Tiling,
  mode: Mode,
): Specialisation {
  const { smoothing = 0 } = mode === "evaluate" ? {} : problem;
  const { BYTES_PER_ELEMENT: width } = rows.x;
  const when = {
    BYTES: width === 1,
    SCALED: width === 1 && rows.scale !== 1 / 255,
    HALVES: width === 2,
    GATHERED: tiling.gathered,
    SUBGROUPS: tiling.sharing === "subgroups",
    SHARED: sideOf(tiling.sharing) > 0,
    NARROW: tiling.subgroupSize > 0,
    SOFT: rows.targets !== undefined,
    OFFSETS: rows.offsets !== undefined,
    WIDE: isWide(rows),
    MIXED: rows.targets !== undefined || smoothing > 0, // targets other than plain labels
    BIAS: tiling.kind === "tiled" && tiling.multiplied4 < tiling.features4,
    UPDATE: mode === "train" && problem.rule !== undefined && takesStep(tiling),
    FACTORS: problem.penaltyFactors !== undefined,
  };
  return {
    when: Object.entries(when).flatMap(([name, holds]) => (holds ? name : [])),
    constants: {
      FEATURES4: tiling.features4,
      SUBGROUP: tiling.subgroupSize,
      SCALE: 255 * rows.scale, // a byte is read as value / 255
      ONES: rows.features % 4,
      KEPT: 1 - smoothing,
      SHARE: smoothing / tiling.classes,
      ...labelConstants(rows),
      CLASSES: tiling.classes,
      WORKGROUP: tiling.workgroup,
      ROWS: tiling.rows,
      VECTORS: tiling.vectors,
      EVALUATE: mode === "evaluate",
      CAPTURE: mode === "capture",
      RAW: false,
      ...ruleConstants(rows, problem, tiling),
      ...constantsOf(tiling),
    },
  };
}

/** Where a row of labels has what. */
function labelConstants(rows: RowHead) {
  const { offsets, count } = rows;
  const words = labelWords(rows);
  return { WORDS: words, OFFSETS_FROM: words - (offsets?.length ?? 0) / count };
}

function constantsOf(tiling: Tiling) {
  switch (tiling.kind) {
    case "fused":
      return fused(tiling);
    case "split":
      return split(tiling);
    case "tiled":
      return tiled(tiling);
  }
}

function split({ classes, classes4, lanes, part4, span, workgroup }: SplitTiling) {
  return {
    CLASSES4: classes4,
    LANES: lanes,
    COLUMNS: SPLIT_COLUMNS,
    ROW_LANES: workgroup / SPLIT_COLUMNS,
    PART4: part4,
    PART: Math.min(classes, 4 * part4),
    SPAN: span,
  };
}

function fused({ classes4, rowThreads, columnThreads, turns }: FusedTiling) {
  return { CLASSES4: classes4, ROW_THREADS: rowThreads, COLUMN_THREADS: columnThreads, TURNS: turns };
}

function tiled({ tiles, tile4, span, lanes, threads, tileThreads, rows, sharing }: TiledTiling) {
  return {
    TILES: tiles,
    TILE4: tile4,
    TILE: 4 * tile4,
    SPAN4: span / 4,
    LANES: lanes,
    THREADS: threads,
    TILE_THREADS: tileThreads,
    LOADS: sideOf(sharing) > 0 ? rows / 4 : rows,
    OWN: sharing === "none" ? 4 : 1,
  };
}

/** Specialises the kernel that adds the sum of a block of a descent to those before. */
export function blockSumKernel(tiling: Tiling): Specialisation {
  return { when: ["LOSSES"], constants: { COUNT: tiling.count, ...treeOf(tiling.slots, tiling.sums) } };
}

/** The constants of the tree over the partial sums of a block. */
function treeOf(slots: number, sums: number) {
  return { SLOTS: slots, SUMS: sums, LEVELS: 1 + countLevels(Math.max(slots, sums)) };
}

export function updateKernel(
  rows: RowHead,
  problem: DescentProblem,
  tiling: Tiling,
  mode: Mode,
): Specialisation {
  const { levels, slots, sums } = tiling;
  return {
    when: ["LOSSES", "UPDATE", ...(problem.penaltyFactors ? ["FACTORS"] : [])],
    constants: {
      ...(levels > 0 ? treeOf(1, 1) : treeOf(slots, sums)), // the sum of several blocks is in the first slot
      CAPTURE: mode === "capture",
      ...ruleConstants(rows, problem, tiling),
    },
  };
}

/** The constants of the update rule. Kernels of objectives ignore them. */
function ruleConstants(
  rows: RowHead,
  { rule = PLAIN, intercept = true }: Partial<Pick<DescentProblem, "rule" | "intercept">>,
  { classes4, count }: Tiling,
) {
  return {
    CLASSES4: classes4,
    COUNT: count,
    INTERCEPT: rows.features * classes4,
    FIT_INTERCEPT: intercept,
    ADAM: rule.kind === "adam",
    MOMENTUM: rule.kind === "adam" ? 0 : rule.momentum,
    NESTEROV: rule.kind === "sgd" && rule.nesterov,
    ...(rule.kind === "adam"
      ? { BETA1: rule.beta1, BETA2: rule.beta2, EPSILON: rule.epsilon, WEIGHT_DECAY: rule.weightDecay }
      : { BETA1: 0, BETA2: 0, EPSILON: 0, WEIGHT_DECAY: 0 }),
  };
}

/** Specialises the kernel of whole steps: all passes of a block, and the update. */
export function stepsKernel(
  rows: RowHead,
  problem: DescentProblem,
  tiling: WholeTiling,
  mode: Mode,
): Specialisation {
  const { lanes, columns, vectors, rows: rowsOfThread, rowThreads, shared } = tiling.whole;
  const { when, constants } = blockKernels(rows, problem, tiling, mode);
  const isWholeSubgroups = (lanes * columns) % tiling.subgroupSize === 0;
  return {
    when: [
      ...when.filter((name) => name !== "NARROW" || isWholeSubgroups),
      "UPDATE",
      ...(columns === 1 ? ["OWN"] : []),
    ],
    constants: {
      ...constants,
      ...updateKernel(rows, problem, tiling, mode).constants,
      WORKGROUP: lanes * columns,
      LANES: lanes,
      COLUMNS: columns,
      VECTORS: vectors,
      PLANES: 4 * vectors + 1,
      ROWS: rowsOfThread,
      ROW_THREADS: rowThreads,
      SHARED: shared,
      INTERCEPT: rows.features,
      BATCH: tiling.blockRows,
    },
  };
}

/** Specialises the two products of an objective, logits and gradient. */
export function rawKernels(rows: RowHead, tiling: Tiling): Specialisation {
  const { offsets: _, ...plain } = labelledOnly(rows);
  const { when, constants } = blockKernels(plain, {}, tiling, "train");
  return { when: [...when, "RAW"], constants: { ...constants, RAW: true } };
}

/** Specialises the passes of an objective over rows and classes only: residual, trial and Hessian. */
export function rowKernels({
  classes,
  classes4,
  rowThreads,
  rowLanes,
  threadRows,
  groupSums,
}: ObjectiveTiling): Specialisation {
  return {
    when: groupSums > 1 ? ["SERIAL"] : [],
    constants: {
      CLASSES: classes,
      CLASSES4: classes4,
      WORKGROUP: rowThreads,
      LANES: rowLanes,
      THREAD_ROWS: threadRows,
      MOVE: false,
      EVALUATE: false,
      WORDS: 1,
      OFFSETS_FROM: 1,
    },
  };
}

/**
 * Specialises the pass that turns the product of rows with weights into residuals: it adds the offsets of
 * rows that have some.
 */
export function residualKernel(rows: RowHead, tiling: ObjectiveTiling): Specialisation {
  const { when, constants } = rowKernels(tiling);
  return {
    when: [...when, ...(rows.offsets ? ["OFFSETS", "WIDE"] : [])],
    constants: { ...constants, ...labelConstants(rows) },
  };
}

/** Specialises a kernel over an objective's vectors. */
export function vectorKernel(
  name: KernelName,
  rows: RowHead,
  problem: Pick<ObjectiveProblem, "intercept">,
  tiling: ObjectiveTiling,
): Specialisation {
  return (name === "vector-multiply" ? multiplyKernel : vectorKernels)(rows, problem, tiling);
}

function vectorKernels(
  { features }: RowHead,
  { intercept }: Pick<ObjectiveProblem, "intercept">,
  tiling: ObjectiveTiling,
): Specialisation {
  const { features4, classes4, count, levels, slots, productVectors } = tiling;
  return changed(rowKernels(tiling), {
    FEATURES4: features4,
    COUNT: count,
    INTERCEPT: features * classes4,
    ...treeOf(levels > 0 ? 1 : slots, 1),
    FIT_INTERCEPT: intercept,
    VECTORS: productVectors,
  });
}

/** Specialises the product of a matrix and a vector. */
function multiplyKernel(
  rows: RowHead,
  problem: Pick<ObjectiveProblem, "intercept">,
  tiling: ObjectiveTiling,
): Specialisation {
  const constants = { WORKGROUP: VECTOR_WORKGROUP, LANES: tiling.multiplyLanes };
  const { when, ...others } = changed(vectorKernels(rows, problem, tiling), constants);
  return { ...others, when: [...when, "MATRIX"] };
}

/** The kernels of a step of conjugate gradients, in order. */
export const CONJUGATE_KERNELS = ["conjugate-hessian", "conjugate-products", "conjugate-step"] as const;
type ConjugateKernel = (typeof CONJUGATE_KERNELS)[number];

/** Specialises the kernels of conjugate gradients, with a preconditioner or without. */
export function conjugateKernels(
  rows: RowHead,
  problem: Pick<ObjectiveProblem, "intercept">,
  tiling: ObjectiveTiling,
  preconditioned: boolean,
): Readonly<Record<ConjugateKernel, Specialisation>> {
  const ofVectors = vectorKernels(rows, problem, tiling);
  const when = preconditioned ? ["MATRIX"] : [];
  const workgroup = { WORKGROUP: VECTOR_WORKGROUP, LANES: preconditioned ? tiling.multiplyLanes : 1 };
  return {
    "conjugate-hessian":
      tiling.groupSums > 1 ? ofVectors : changed(ofVectors, { ...workgroup, LANES: lanesOf(tiling) }),
    "conjugate-products": { ...changed(ofVectors, workgroup), when },
    "conjugate-step": {
      ...changed(ofVectors, { ...workgroup, VECTORS: STEP_VECTORS, NOISE: FLAT * 2 ** -24 }),
      when,
    },
  };
}

/** Threads that share a feature: one for each vector of its classes, as far as a workgroup has them. */
export function lanesOf({ classes4 }: ObjectiveTiling): number {
  return Math.min(VECTOR_WORKGROUP, 2 ** Math.ceil(Math.log2(classes4)));
}

/** Specialises the kernel that adds the gradient of an objective's block to those before. */
export function objectiveBlockSum({ count, slots }: ObjectiveTiling): Specialisation {
  return { when: [], constants: { COUNT: count, ...treeOf(slots, 1) } };
}

export function gatherKernel({ rowWords }: Tiling): Specialisation {
  return { when: [], constants: { WORDS: rowWords } };
}

/** Returns a copy with some constants changed. */
export function changed(
  { when, constants }: Specialisation,
  changes: Specialisation["constants"],
): Specialisation {
  return { when, constants: { ...constants, ...changes } };
}
