/** Turns the outcome of a training into a model and warnings. */
import type { Label } from "../data/labels.js";
import { fromUnits } from "../data/units.js";
import type { EngineChoice } from "../engine/choose.js";
import type { FloatArray } from "../core/rows.js";
import { DivergenceError } from "../core/errors.js";
import { SoftmaxModel } from "../model/model.js";
import type { ModelParts } from "../model/parts.js";
import { isSecondOrder } from "../solvers/solver-table.js";
import type { Parity } from "../parity/stages.js";
import type { Outcome } from "../solvers/solver.js";
import type { PreparedTask } from "./prepare.js";
import type { Task } from "./problem.js";
import type { Warnings } from "../core/warnings.js";

/** Makes the model, in the units of the data. Throws a DivergenceError where a weight is not finite. */
export function createModel<L extends Label>(
  {
    rows,
    classes,
    scale,
    units,
    warnings,
  }: Pick<PreparedTask<L>, "rows" | "classes" | "scale" | "units" | "warnings">,
  { weights: found, ...outcome }: Outcome,
  engine: ModelParts<L>["engine"],
  parity?: Parity,
): SoftmaxModel<L> {
  const original = fromUnits(found, classes.length, units);
  checkFinite(original.weights, outcome.iterations);
  checkFinite(original.bias, outcome.iterations);
  return new SoftmaxModel({
    ...outcome,
    classes,
    features: rows.features,
    ...(scale !== undefined && { scale }),
    ...original,
    ...(rows.offsets && { offsets: true }),
    engine,
    warnings: warnings.raised,
    ...(parity && { parity }),
  });
}

/** Throws a DivergenceError where a weight is not finite. */
function checkFinite(weights: FloatArray, iterations: number): void {
  const bad = weights.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new DivergenceError(
    iterations,
    `After step ${iterations} a weight is ${weights[bad]}: the training diverged, or the weight is beyond f32 (3.4e38). ` +
      "Lower learningRate, or bring the features to a range near 1.",
  );
}

/**
 * Warns where a second-order training ended before it converged, or parity shows that the engine computes
 * wrong.
 */
export function warnOf<L extends Label>(
  { settings, warnings }: Pick<Task<L>, "settings" | "warnings">,
  { converged, reason }: Outcome,
  engine: string,
  parity?: Parity,
): void {
  const { solver, tolerance, patience } = settings;
  // With a tolerance of 0, or patience, a training is meant to end before it has converged.
  if (isSecondOrder(solver) && !converged && tolerance > 0 && patience === Infinity) {
    warnings.raise("not-converged", `The training has not converged: ${reason}.`);
  }
  if (parity && !(parity.rho < 1)) {
    warnings.raise(
      "parity",
      `The ${engine} engine is off by ${parity.rho.toPrecision(2)} times the error bound: ` +
        "do not trust the model. Train on another engine.",
    );
  }
}

/** Warns of an engine that is slower than this machine should have. */
export function warnOfEngine(warnings: Warnings, { engine, why, fellBack }: EngineChoice): void {
  const { name, note } = engine;
  if (fellBack) {
    warnings.raise("slower-engine", `The ${name} engine trains, which is slower than others: ${why}.`);
  }
  if (note !== undefined) {
    warnings.raise("one-thread", `The ${name} engine trains on one thread, which is slower: ${note}.`);
  }
}
