/**
 * The race to 92 % test accuracy on the digits, from zero weights, between smigh's solvers and TensorFlow.js
 * with its own optimizers. Every mini-batch contender has the same batch size and the same number of learning
 * rates to choose from, and is timed at its best one.
 */
import { type Progress, type SoftmaxModel, train } from "../../../src/index.js";
import type { Digits, Mnist } from "../../page/shared/mnist.js";
import { BATCH } from "./names.js";
import { tfjsEpochs } from "./tfjs.js";

export interface Finish {
  /** The best learning rate of those tried; absent for lbfgs and newton. */
  readonly rate?: number;
  readonly seconds: number;
  /** Passes over all examples. */
  readonly passes: number;
  readonly testAccuracy: number;
}

const GOAL = 0.92;
/** Epochs after which a learning rate is given up. */
const EPOCHS = 12;
const GD_EPOCHS = 200;
const RUNS = 3;
const RATES = {
  sgd: [0.1, 0.2, 0.4, 0.8],
  adam: [0.001, 0.002, 0.004, 0.008],
  gd: [0.25, 0.5, 1],
} as const;

const features = 784;

/**
 * Races lbfgs or newton. A first run evaluates the test digits to find how many iterations it takes; the
 * timed runs do not. Throws if the goal is not reached.
 */
export async function secondOrderFinish(
  solver: "lbfgs" | "newton",
  { train: data, test }: Mnist,
): Promise<Finish> {
  const fit = { x: data.x, y: data.y, features };
  const options = { engine: "wasm", solver, C: 1 } as const;
  const watched = await train(fit, { ...options, validation: { ...test, features } });
  const iterations = 1 + watched.history.findIndex(({ validation }) => (validation?.accuracy ?? 0) >= GOAL);
  if (iterations === 0) throw new Error(`${solver} did not reach ${100 * GOAL} % of the test digits.`);
  let passes = 0;
  const onProgress = ({ examples }: Progress) => (passes = examples / data.y.length);
  const { seconds, testAccuracy } = await fastest(() =>
    timed(() => train(fit, { ...options, maxIterations: iterations, onProgress }), test),
  );
  return { seconds, passes, testAccuracy };
}

export async function firstOrderFinish(
  solver: "gd" | "sgd" | "adam",
  mnist: Mnist,
): Promise<Finish | undefined> {
  const { train: data, test } = mnist;
  const fit = { x: data.x, y: data.y, features };
  const options = { engine: "wasm", solver, ...(solver !== "gd" && { batchSize: BATCH }) } as const;
  const best = await bestRate(RATES[solver], async (learningRate) => {
    const watched = await train(fit, {
      ...options,
      learningRate,
      epochs: solver === "gd" ? GD_EPOCHS : EPOCHS,
      validation: { ...test, features },
    });
    return watched.history.map(({ validation }) => validation?.accuracy ?? 0);
  });
  if (!best) return undefined;
  const { rate, epochs } = best;
  const { seconds, testAccuracy } = await fastest(() =>
    timed(() => train(fit, { ...options, learningRate: rate, epochs }), test),
  );
  return { rate, seconds, passes: epochs, testAccuracy };
}

export async function tfjsFinish(optimizer: "sgd" | "adam", mnist: Mnist): Promise<Finish | undefined> {
  const best = await bestRate(RATES[optimizer], async (learningRate) => {
    const { accuracies } = await tfjsEpochs(optimizer, learningRate, EPOCHS, mnist, GOAL);
    return accuracies;
  });
  if (!best) return undefined;
  const { rate, epochs } = best;
  const { seconds, testAccuracy } = await fastest(async () => {
    const { seconds, accuracies } = await tfjsEpochs(optimizer, rate, epochs, mnist);
    return { seconds, testAccuracy: accuracies.at(-1) ?? 0 };
  });
  return { rate, seconds, passes: epochs, testAccuracy };
}

/** Times a training and tests its model. */
async function timed(
  training: () => Promise<SoftmaxModel<number>>,
  { x, y }: Digits,
): Promise<Pick<Finish, "seconds" | "testAccuracy">> {
  const began = performance.now();
  const model = await training();
  const seconds = (performance.now() - began) / 1000;
  return { seconds, testAccuracy: (await model.evaluate({ x, y })).accuracy };
}

/**
 * Finds the rate that reaches the goal in the fewest epochs, and that number; ties go to the earlier rate.
 * Undefined if no rate gets there. `accuracies` returns the test accuracy after each epoch.
 */
async function bestRate(
  rates: readonly number[],
  accuracies: (rate: number) => Promise<readonly number[]>,
): Promise<{ readonly rate: number; readonly epochs: number } | undefined> {
  let best: { rate: number; epochs: number } | undefined;
  for (const rate of rates) {
    const epochs = 1 + (await accuracies(rate)).findIndex((accuracy) => accuracy >= GOAL);
    if (epochs > 0 && epochs < (best?.epochs ?? Infinity)) best = { rate, epochs };
  }
  return best;
}

async function fastest<T extends { readonly seconds: number }>(run: () => Promise<T>): Promise<T> {
  const runs: T[] = [];
  for (let n = 0; n < RUNS; n++) runs.push(await run());
  return runs.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
}
