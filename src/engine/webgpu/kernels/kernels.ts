/** The kernel table: the source, the bindings in order and the constants of every shader. */
import bend from "../../../../shaders/bend.wgsl?raw";
import centre from "../../../../shaders/centre.wgsl?raw";
import combine from "../../../../shaders/combine.wgsl?raw";
import fused from "../../../../shaders/fused.wgsl?raw";
import gather from "../../../../shaders/gather.wgsl?raw";
import gradient from "../../../../shaders/gradient.wgsl?raw";
import logits from "../../../../shaders/logits.wgsl?raw";
import multiply from "../../../../shaders/multiply.wgsl?raw";
import products from "../../../../shaders/products.wgsl?raw";
import orthant from "../../../../shaders/orthant.wgsl?raw";
import residual from "../../../../shaders/residual.wgsl?raw";
import restrict from "../../../../shaders/restrict.wgsl?raw";
import softmax from "../../../../shaders/softmax.wgsl?raw";
import steps from "../../../../shaders/steps.wgsl?raw";
import subgradient from "../../../../shaders/subgradient.wgsl?raw";
import total from "../../../../shaders/total.wgsl?raw";
import trial from "../../../../shaders/trial.wgsl?raw";
import update from "../../../../shaders/update.wgsl?raw";

/** A uniform's offset changes from dispatch to dispatch; a constant's does not. */
export type Binding = "uniform" | "constant" | "read" | "write";

export interface Kernel {
  readonly source: string;
  /** Names and kinds in the order of their @binding numbers. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Constants that a specialisation must provide. */
  readonly constants: readonly string[];
}

export type KernelName =
  | "gather"
  | "fused"
  | "logits"
  | "residual"
  | "gradient"
  | "update"
  | "steps"
  // Kernels of an objective:
  | "softmax"
  | "trial"
  | "bend"
  | "total"
  | "combine"
  | "products"
  | "multiply"
  | "centre"
  | "subgradient"
  | "orthant"
  | "restrict";

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
      "KEPT",
      "SHARE",
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
      "KEPT",
      "SHARE",
      "THREADS",
      "TILE_THREADS",
      "ROWS",
      "LOADS",
      "TILE4",
      "TILE",
      "CAPTURE",
      "RAW",
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
    constants: ["CLASSES", "TILES", "TILE", "WORKGROUP", "LANES"],
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
      "CLASSES",
      "TILES",
      "SCALE",
      "ONES",
      "KEPT",
      "SHARE",
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
      "KEPT",
      "SHARE",
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
  softmax: {
    source: softmax,
    bindings: {
      part: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      z: "write",
      change: "read",
      r: "write",
      sums: "write",
    },
    constants: ["CLASSES", "CLASSES4", "WORKGROUP", "LANES", "MOVE", "EVALUATE"],
  },
  trial: {
    source: trial,
    bindings: {
      part: "uniform",
      order: "read",
      labels: "read",
      rowWeights: "read",
      z: "read",
      change: "read",
      sums: "write",
    },
    constants: ["CLASSES", "CLASSES4", "WORKGROUP", "LANES"],
  },
  bend: {
    source: bend,
    bindings: { block: "uniform", order: "read", labels: "read", rowWeights: "read", z: "read", u: "write" },
    constants: ["CLASSES", "CLASSES4", "WORKGROUP", "LANES"],
  },
  total: {
    source: total,
    bindings: { scales: "uniform", slots: "read", weights: "read", penalties: "read", to: "write" },
    constants: ["COUNT", "CLASSES4", "INTERCEPT", "SLOTS", "FIT_INTERCEPT"],
  },
  combine: {
    source: combine,
    bindings: { terms: "uniform", to: "write", term1: "read", term2: "read", term3: "read", term4: "read" },
    constants: ["COUNT"],
  },
  products: {
    source: products,
    bindings: { range: "uniform", a: "read", b: "read", penalties: "read", sums: "write" },
    constants: ["COUNT", "CLASSES4", "WORKGROUP", "VECTORS"],
  },
  multiply: {
    source: multiply,
    bindings: { fours: "uniform", matrix: "read", weights: "read", to: "write" },
    constants: ["FEATURES4", "CLASSES4"],
  },
  centre: {
    source: centre,
    bindings: { features: "uniform", weights: "write" },
    constants: ["CLASSES", "CLASSES4", "WORKGROUP", "LANES"],
  },
  subgradient: {
    source: subgradient,
    bindings: { vectors: "uniform", weights: "read", gradient: "read", l1: "read", to: "write" },
    constants: ["COUNT", "CLASSES4"],
  },
  orthant: {
    source: orthant,
    bindings: { vectors: "uniform", weights: "read", direction: "read", subgradient: "read", to: "write" },
    constants: ["COUNT", "INTERCEPT"],
  },
  restrict: {
    source: restrict,
    bindings: { vectors: "uniform", values: "read", weights: "read", subgradient: "read", to: "write" },
    constants: ["COUNT", "INTERCEPT"],
  },
};

/** Sources that replace those of the table: tests pass wrong kernels to show that their checks can fail. */
export type Edited = Readonly<Partial<Record<KernelName, string>>>;
