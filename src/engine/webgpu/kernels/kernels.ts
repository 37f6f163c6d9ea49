/**
 * The kernel table: the linked text of every shader, and the bindings and constants that follow from it.
 */
import blockSum from "../../../../shaders/block-sum.wgsl?linked";
import fused from "../../../../shaders/fused.wgsl?linked";
import gather from "../../../../shaders/gather.wgsl?linked";
import gradient from "../../../../shaders/gradient.wgsl?linked";
import gradientSum from "../../../../shaders/gradient-sum.wgsl?linked";
import hessianResidual from "../../../../shaders/hessian-residual.wgsl?linked";
import logits from "../../../../shaders/logits.wgsl?linked";
import objectiveResidual from "../../../../shaders/objective-residual.wgsl?linked";
import objectiveTrial from "../../../../shaders/objective-trial.wgsl?linked";
import residual from "../../../../shaders/residual.wgsl?linked";
import steps from "../../../../shaders/steps.wgsl?linked";
import update from "../../../../shaders/update.wgsl?linked";
import vectorCentre from "../../../../shaders/vector-centre.wgsl?linked";
import vectorCombine from "../../../../shaders/vector-combine.wgsl?linked";
import vectorMultiply from "../../../../shaders/vector-multiply.wgsl?linked";
import vectorOrthant from "../../../../shaders/vector-orthant.wgsl?linked";
import vectorProducts from "../../../../shaders/vector-products.wgsl?linked";
import vectorRestrict from "../../../../shaders/vector-restrict.wgsl?linked";
import vectorSubgradient from "../../../../shaders/vector-subgradient.wgsl?linked";

/** A uniform's offset changes from dispatch to dispatch; a constant's does not. */
export type Binding = "uniform" | "constant" | "read" | "write";

export interface Kernel {
  readonly source: string;
  /** Names and kinds in the order of their @binding numbers, which begin at 0 and leave no gaps. */
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Constants that a specialisation must provide: those without a type whose value is a literal. */
  readonly constants: readonly string[];
}

export const KERNELS = {
  gather: kernelOf(gather),
  fused: kernelOf(fused),
  logits: kernelOf(logits),
  residual: kernelOf(residual),
  gradient: kernelOf(gradient),
  "block-sum": kernelOf(blockSum),
  update: kernelOf(update),
  steps: kernelOf(steps),
  // Kernels of an objective:
  "objective-residual": kernelOf(objectiveResidual),
  "objective-trial": kernelOf(objectiveTrial),
  "hessian-residual": kernelOf(hessianResidual),
  "gradient-sum": kernelOf(gradientSum),
  "vector-combine": kernelOf(vectorCombine),
  "vector-products": kernelOf(vectorProducts),
  "vector-multiply": kernelOf(vectorMultiply),
  "vector-centre": kernelOf(vectorCentre),
  "vector-subgradient": kernelOf(vectorSubgradient),
  "vector-orthant": kernelOf(vectorOrthant),
  "vector-restrict": kernelOf(vectorRestrict),
} satisfies Record<string, Kernel>;

export type KernelName = keyof typeof KERNELS;

/** Sources that replace those of the table: tests pass wrong kernels to show that their checks can fail. */
export type Edited = Readonly<Partial<Record<KernelName, string>>>;

/** Reads the bindings and constants of a linked text, in which each is on a line of its own. */
export function kernelOf(source: string): Kernel {
  const bindings = [...source.matchAll(/@binding\((\d+)\) var<(.+?)> (\w+)/g)]
    .map(([, number, space, name]) => ({ number: Number(number), kind: kindOf(Number(number), space), name }))
    .sort((a, b) => a.number - b.number);
  return {
    source,
    bindings: Object.fromEntries(bindings.map(({ name, kind }) => [name, kind])),
    constants: Array.from(source.matchAll(/^const (\w+) = (?:[\d.e-]+u?|true|false);/gm), ([, name]) => name),
  };
}

/** The uniform at binding 0 belongs to the dispatch. */
function kindOf(number: number, space: string): Binding {
  if (space === "uniform") return number === 0 ? "uniform" : "constant";
  return space === "storage, read" ? "read" : "write";
}
