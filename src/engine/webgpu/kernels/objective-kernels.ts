/** The kernels of an objective, other than the tiled products. */
import objectiveResidual from "../../../../shaders/objective-residual.wgsl?linked";
import objectiveTrial from "../../../../shaders/objective-trial.wgsl?linked";
import hessianResidual from "../../../../shaders/hessian-residual.wgsl?linked";
import gradientSum from "../../../../shaders/gradient-sum.wgsl?linked";
import conjugateHessian from "../../../../shaders/conjugate-hessian.wgsl?linked";
import conjugateProducts from "../../../../shaders/conjugate-products.wgsl?linked";
import conjugateStep from "../../../../shaders/conjugate-step.wgsl?linked";
import vectorCombine from "../../../../shaders/vector-combine.wgsl?linked";
import vectorProducts from "../../../../shaders/vector-products.wgsl?linked";
import vectorMultiply from "../../../../shaders/vector-multiply.wgsl?linked";
import vectorCentre from "../../../../shaders/vector-centre.wgsl?linked";
import vectorSubgradient from "../../../../shaders/vector-subgradient.wgsl?linked";
import vectorOrthant from "../../../../shaders/vector-orthant.wgsl?linked";
import vectorRestrict from "../../../../shaders/vector-restrict.wgsl?linked";
import { kernelOf } from "./kernel.js";

export const OBJECTIVE_KERNELS = {
  "objective-residual": kernelOf(objectiveResidual),
  "objective-trial": kernelOf(objectiveTrial),
  "hessian-residual": kernelOf(hessianResidual),
  "gradient-sum": kernelOf(gradientSum),
  "conjugate-hessian": kernelOf(conjugateHessian),
  "conjugate-products": kernelOf(conjugateProducts),
  "conjugate-step": kernelOf(conjugateStep),
  "vector-combine": kernelOf(vectorCombine),
  "vector-products": kernelOf(vectorProducts),
  "vector-multiply": kernelOf(vectorMultiply),
  "vector-centre": kernelOf(vectorCentre),
  "vector-subgradient": kernelOf(vectorSubgradient),
  "vector-orthant": kernelOf(vectorOrthant),
  "vector-restrict": kernelOf(vectorRestrict),
};
