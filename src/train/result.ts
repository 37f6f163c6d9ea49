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
import { version } from "../../package.json";
import { recordedOptions } from "./recorded.js";
import type { PreparedTask } from "./prepare.js";
import type { Task } from "./problem.js";
import type { Warnings } from "../core/warnings.js";

/** Makes the model, in the units of the data. Throws a DivergenceError where a weight is not finite. */
export function createModel<L extends Label>(
  task: Pick<
    PreparedTask<L>,
    "settings" | "classFactors" | "rows" | "data" | "columns" | "classes" | "scale" | "units" | "warnings"
  >,
  { weights: found, ...outcome }: Outcome,
  engine: ModelParts<L>["engine"],
  parity?: Parity,
): SoftmaxModel<L> {
  const { rows, data, columns, classes, scale, units, warnings } = task;
  const original = fromUnits(found, classes.length, units);
  checkFinite(original.weights, outcome.iterations);
  checkFinite(original.bias, outcome.iterations);
  return new SoftmaxModel({
    ...outcome,
    classes,
    features: rows.features,
    ...(scale !== undefined && { scale }),
    ...original,
    ...columns,
    ...(rows.offsets && { offsets: true }),
    options: recordedOptions(task),
    version,
    data,
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

/** Whether the console of this process or page was told of the reference engine. */
let told = false;

/**
 * Warns of an engine that is slower than this machine should have. The first training that falls back to the
 * reference, which is slower by far, also says so on the console.
 */
export function warnOfEngine(warnings: Warnings, { engine, why, fellBack }: EngineChoice): void {
  const { name, note } = engine;
  if (fellBack) {
    const message = `The ${name} engine trains, which is slower than others: ${why}.`;
    warnings.raise("slower-engine", message);
    if (name === "reference" && !told) {
      told = true;
      // oxlint-disable-next-line no-console
      console.warn(`smigh: ${message} docs/guides/deploying.md says what it needs.`);
    }
  }
  if (note !== undefined) {
    warnings.raise("one-thread", `The ${name} engine trains on one thread, which is slower: ${note}.`);
  }
}
