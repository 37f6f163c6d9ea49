/** Runs a solver with its defaults on a small data set: how near the optimum it gets, and the cost. */
import { type SolverName, train } from "../../../src/index.js";
import { weigh } from "../../page/train/objective.js";
import { OPTIMA, type SetName, dataSet } from "../../../test/support/optima.js";

export interface Solved {
  readonly seconds: number;
  /** Passes over all examples. */
  readonly passes: number;
  /** (F − its minimum) / its minimum, in f64. */
  readonly excess: number;
  /** Largest |∂F/∂w| of the mean objective, in f64. */
  readonly gradientMax: number;
  readonly reason: string;
}

/** Trains on standardised features with C = 1. */
export async function solveSet(set: SetName, solver: SolverName): Promise<Solved> {
  const optimum = OPTIMA.find((one) => one.set === set && one.kind === "standardised" && one.C === 1);
  if (!optimum) throw new Error(`There is no optimum of ${set}.`);
  const data = dataSet(set, "standardised");
  const { x, labels, features, count } = data;
  let passes = 0;
  const began = performance.now();
  const model = await train(
    { x, y: labels, features },
    { engine: "wasm", solver, C: 1, onProgress: ({ examples }) => (passes = examples / count) },
  );
  const seconds = (performance.now() - began) / 1000;
  const { objective, gradientMax } = weigh(model, data, optimum.l2);
  const excess = objective / optimum.objective - 1;
  return { seconds, passes, excess, gradientMax, reason: model.reason };
}
