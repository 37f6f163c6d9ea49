/** How long it takes to go to the optimum of the 60,000 digits, and how near to it that is. */
import { train } from "../../src/index.js";
import minimum from "../../test/fixtures/optima/mnist.json";
import type { Digits } from "../page/mnist.js";

export interface Optimised {
  readonly engine: string;
  readonly adapter: string;
  readonly seconds: number;
  readonly iterations: number;
  /** Over all examples. */
  readonly passes: number;
  /** (F − its minimum) / its minimum, in f64. */
  readonly excess: number;
  readonly gradientMax: number;
  readonly reason: string;
}

/** By lbfgs from zero, with scikit-learn's C of 1. */
export async function optimise(
  engine: "wasm" | "webgpu",
  tolerance: number,
  { x, y }: Digits,
): Promise<Optimised> {
  let passes = 0;
  const began = performance.now();
  const model = await train(
    { x, y, features: minimum.features },
    {
      engine,
      solver: "lbfgs",
      C: minimum.C,
      tolerance,
      onProgress: ({ examples }) => (passes = examples / y.length),
    },
  );
  const seconds = (performance.now() - began) / 1000;
  const square = model.weights.reduce((sum, weight) => sum + weight * weight, 0);
  const objective = model.evaluate({ x, y }).loss + (minimum.l2 / 2) * square;
  return {
    engine,
    adapter: model.engine.adapter,
    seconds,
    iterations: model.iterations,
    passes,
    excess: objective / minimum.objective - 1,
    gradientMax: model.history.at(-1)?.gradientMax ?? Number.NaN,
    reason: model.reason,
  };
}
