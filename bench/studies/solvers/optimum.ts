/** Times the fit of the 60,000 digits to their optimum, and shows how close it gets. */
import { train } from "../../../src/index.js";
import minimum from "../../../test/fixtures/optima/mnist.json";
import { createDataset } from "../../../src/data/dataset.js";
import type { Digits } from "../../page/shared/mnist.js";
import { weigh } from "../../page/train/objective.js";

export interface Optimised {
  readonly adapter: string;
  readonly seconds: number;
  readonly iterations: number;
  /** Passes over all examples. */
  readonly passes: number;
  /** (F − its minimum) / its minimum, in f64. */
  readonly excess: number;
  readonly reason: string;
}

/** Fits by lbfgs from zero weights, with scikit-learn's default penalty, C = 1. */
export async function optimise(
  engine: "wasm" | "webgpu",
  tolerance: number,
  { x, y }: Digits,
): Promise<Optimised> {
  const data = { x, y, features: minimum.features };
  let passes = 0;
  const began = performance.now();
  const model = await train<number>(data, {
    engine,
    solver: "lbfgs",
    C: minimum.C,
    tolerance,
    onProgress: ({ examples }) => (passes = examples / y.length),
  });
  const seconds = (performance.now() - began) / 1000;
  const { objective } = weigh(model, createDataset(data).rows, minimum.l2);
  return {
    adapter: model.engine.adapter,
    seconds,
    iterations: model.iterations,
    passes,
    excess: objective / minimum.objective - 1,
    reason: model.reason,
  };
}
