/**
 * The kernel table: loads a kernel with those that are used together with it, so that a training loads the
 * kernels that it uses.
 */
import type { FUSED_KERNELS } from "./fused-kernels.js";
import type { Kernel } from "./kernel.js";
import type { OBJECTIVE_KERNELS } from "./objective-kernels.js";
import type { RESIDUAL_KERNELS } from "./residual-kernels.js";
import type { SPLIT_KERNELS } from "./split-kernels.js";
import type { STEPS_KERNELS } from "./steps-kernels.js";
import type { PRODUCT_KERNELS } from "./product-kernels.js";
import type { SUM_KERNELS } from "./sum-kernels.js";
import type { UPDATE_KERNELS } from "./update-kernels.js";

const loadProducts = async () => (await import("./product-kernels.js")).PRODUCT_KERNELS;
const loadFused = async () => (await import("./fused-kernels.js")).FUSED_KERNELS;
const loadResidual = async () => (await import("./residual-kernels.js")).RESIDUAL_KERNELS;
const loadSplit = async () => (await import("./split-kernels.js")).SPLIT_KERNELS;
const loadSteps = async () => (await import("./steps-kernels.js")).STEPS_KERNELS;
const loadSum = async () => (await import("./sum-kernels.js")).SUM_KERNELS;
const loadUpdate = async () => (await import("./update-kernels.js")).UPDATE_KERNELS;
const loadObjective = async () => (await import("./objective-kernels.js")).OBJECTIVE_KERNELS;

export type KernelName = keyof (typeof FUSED_KERNELS &
  typeof OBJECTIVE_KERNELS &
  typeof RESIDUAL_KERNELS &
  typeof SPLIT_KERNELS &
  typeof STEPS_KERNELS &
  typeof PRODUCT_KERNELS &
  typeof SUM_KERNELS &
  typeof UPDATE_KERNELS);

/** Loads each kernel, with others. */
export const KERNELS: { readonly [Name in KernelName]: () => Promise<Readonly<Record<Name, Kernel>>> } = {
  gather: loadProducts,
  fused: loadFused,
  "split-logits": loadSplit,
  "split-gradient": loadSplit,
  logits: loadProducts,
  residual: loadResidual,
  gradient: loadProducts,
  "block-sum": loadSum,
  update: loadUpdate,
  steps: loadSteps,
  "objective-residual": loadObjective,
  "objective-trial": loadObjective,
  "hessian-residual": loadObjective,
  "gradient-sum": loadObjective,
  "conjugate-hessian": loadObjective,
  "conjugate-products": loadObjective,
  "conjugate-step": loadObjective,
  "vector-combine": loadObjective,
  "vector-products": loadObjective,
  "vector-multiply": loadObjective,
  "vector-centre": loadObjective,
  "vector-subgradient": loadObjective,
  "vector-orthant": loadObjective,
  "vector-restrict": loadObjective,
};

export async function loadKernel<Name extends KernelName>(name: Name): Promise<Kernel> {
  const kernels = await KERNELS[name]();
  return kernels[name];
}

/** Sources that replace those of the table: tests pass wrong kernels to show that their checks can fail. */
export type Edited = Readonly<Partial<Record<KernelName, string>>>;
