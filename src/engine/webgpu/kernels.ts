/** The kernel table: for every shader its source, its bindings in order, its overrides and its workgroup. */
import gather from "../../../shaders/gather.wgsl?raw";
import gradient from "../../../shaders/gradient.wgsl?raw";
import logits from "../../../shaders/logits.wgsl?raw";
import reduce from "../../../shaders/reduce.wgsl?raw";
import residual from "../../../shaders/residual.wgsl?raw";
import update from "../../../shaders/update.wgsl?raw";

/** A uniform's offset changes from dispatch to dispatch; a constant's does not. */
export type Binding = "uniform" | "constant" | "read" | "write";

export interface Kernel {
  readonly source: string;
  /** Names and kinds in the order of their @binding numbers. */
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly overrides: readonly string[];
  /** Threads in a workgroup, all along x. */
  readonly workgroup: number;
}

export type KernelName = "gather" | "logits" | "residual" | "gradient" | "reduce" | "update";

export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  gather: {
    source: gather,
    bindings: { block: "uniform", shard: "constant", order: "read", x: "read", gathered: "write" },
    overrides: ["WORDS"],
    workgroup: 64,
  },
  logits: {
    source: logits,
    bindings: {
      block: "uniform",
      order: "read",
      xFloats: "read",
      xBytes: "read",
      weights: "read",
      logits: "write",
    },
    overrides: ["FEATURES4", "CLASSES4", "CHUNKS", "BYTES", "GATHERED", "SCALE"],
    workgroup: 64,
  },
  residual: {
    source: residual,
    bindings: {
      block: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      logits: "write",
      rowSums: "write",
    },
    overrides: ["CLASSES", "CLASSES4"],
    workgroup: 64,
  },
  gradient: {
    source: gradient,
    bindings: {
      block: "uniform",
      order: "read",
      xFloats: "read",
      xBytes: "read",
      residual: "read",
      rowSums: "read",
      slots: "write",
      slotSums: "write",
    },
    overrides: ["FEATURES4", "CLASSES4", "CHUNKS", "SPAN", "BYTES", "GATHERED"],
    workgroup: 64,
  },
  reduce: {
    source: reduce,
    bindings: { current: "uniform", slots: "read", slotSums: "read", gradient: "write", ring: "write" },
    overrides: ["COUNT", "SLOTS", "SCALE", "INTERCEPT"],
    workgroup: 64,
  },
  update: {
    source: update,
    bindings: { current: "uniform", gradient: "read", weights: "write", moment1: "write", moment2: "write" },
    overrides: [
      "COUNT",
      "INTERCEPT",
      "FIT_INTERCEPT",
      "ADAM",
      "MOMENTUM",
      "NESTEROV",
      "BETA1",
      "BETA2",
      "ONE_MINUS_BETA1",
      "ONE_MINUS_BETA2",
      "EPSILON",
      "WEIGHT_DECAY",
    ],
    workgroup: 64,
  },
};

/** Kernels whose source differs from the table's: a test gives wrong ones to show that its checks can fail. */
export type Edited = Readonly<Partial<Record<KernelName, string>>>;
