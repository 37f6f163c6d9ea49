/** The kernel table: for every shader its source, its bindings in order and its constants. */
import fused from "../../../shaders/fused.wgsl?raw";
import gather from "../../../shaders/gather.wgsl?raw";
import gradient from "../../../shaders/gradient.wgsl?raw";
import logits from "../../../shaders/logits.wgsl?raw";
import residual from "../../../shaders/residual.wgsl?raw";
import steps from "../../../shaders/steps.wgsl?raw";
import update from "../../../shaders/update.wgsl?raw";

/** A uniform's offset changes from dispatch to dispatch; a constant's does not. */
export type Binding = "uniform" | "constant" | "read" | "write";

export interface Kernel {
  readonly source: string;
  /** Names and kinds in the order of their @binding numbers. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Constants that a specialisation must give. */
  readonly constants: readonly string[];
}

export type KernelName = "gather" | "fused" | "logits" | "residual" | "gradient" | "update" | "steps";

export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  gather: {
    source: gather,
    bindings: { block: "uniform", shard: "constant", order: "read", x: "read", gathered: "write" },
    constants: ["WORDS"],
  },
  fused: {
    source: fused,
    bindings: {
      block: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      x: "read",
      weights: "read",
      records: "write",
      slots: "write",
      sums: "write",
    },
    constants: [
      "FEATURES4",
      "CLASSES",
      "CLASSES4",
      "SCALE",
      "ONES",
      "WORKGROUP",
      "ROWS",
      "ROW_THREADS",
      "VECTORS",
      "COLUMN_THREADS",
      "TURNS",
      "EVALUATE",
      "CAPTURE",
    ],
  },
  logits: {
    source: logits,
    bindings: {
      block: "uniform",
      order: "read",
      labels: "read",
      x: "read",
      weights: "read",
      powers: "write",
      tiles: "write",
      rowSums: "write",
      captured: "write",
    },
    constants: [
      "FEATURES4",
      "CLASSES",
      "TILES",
      "SCALE",
      "ONES",
      "THREADS",
      "TILE_THREADS",
      "ROWS",
      "LOADS",
      "TILE4",
      "TILE",
      "CAPTURE",
    ],
  },
  residual: {
    source: residual,
    bindings: {
      block: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      tiles: "write",
      rowSums: "write",
      sums: "write",
    },
    constants: ["TILES", "TILE", "WORKGROUP", "LANES"],
  },
  gradient: {
    source: gradient,
    bindings: {
      block: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      x: "read",
      powers: "read",
      tiles: "read",
      slots: "write",
      captured: "write",
    },
    constants: [
      "FEATURES4",
      "TILES",
      "SCALE",
      "ONES",
      "THREADS",
      "TILE_THREADS",
      "VECTORS",
      "TILE4",
      "TILE",
      "SPAN4",
      "CAPTURE",
    ],
  },
  update: {
    source: update,
    bindings: {
      current: "uniform",
      slots: "write",
      sums: "read",
      weights: "write",
      moment1: "write",
      moment2: "write",
      ring: "write",
    },
    constants: [
      "COUNT",
      "INTERCEPT",
      "SLOTS",
      "SUMS",
      "FIT_INTERCEPT",
      "CAPTURE",
      "ADAM",
      "MOMENTUM",
      "NESTEROV",
      "BETA1",
      "BETA2",
      "EPSILON",
      "WEIGHT_DECAY",
    ],
  },
  steps: {
    source: steps,
    bindings: {
      run: "uniform",
      entries: "read",
      order: "read",
      labels: "read",
      rowWeights: "read",
      x: "read",
      weights: "write",
      moment1: "write",
      moment2: "write",
      records: "write",
      ring: "write",
    },
    constants: [
      "FEATURES4",
      "CLASSES",
      "CLASSES4",
      "SCALE",
      "ONES",
      "INTERCEPT",
      "BATCH",
      "FIT_INTERCEPT",
      "WORKGROUP",
      "CAPTURE",
      "ADAM",
      "MOMENTUM",
      "NESTEROV",
      "BETA1",
      "BETA2",
      "EPSILON",
      "WEIGHT_DECAY",
    ],
  },
};

/** Kernels whose source differs from the table's: a test gives wrong ones to show that its checks can fail. */
export type Edited = Readonly<Partial<Record<KernelName, string>>>;
