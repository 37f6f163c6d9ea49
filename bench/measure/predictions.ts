/** Times predictions against epochs of training, on rows that stay placed. */
import { chooseEngine } from "../../src/engine/choose.js";
import type { Engine, EngineName } from "../../src/engine/engine.js";
import { range } from "../../src/core/random.js";
import { loadModel } from "../../src/model/load.js";
import { indexOfLargest } from "../../src/model/logits.js";
import { median } from "./median.js";

const [ROWS, FEATURES, CLASSES] = [20_000, 768, 100];
const BATCH = 2000;
const ROUNDS = 9;

const x = Float32Array.from({ length: ROWS * FEATURES }, (_, i) => Math.sin(i * i));
const labels = Uint32Array.from({ length: ROWS }, (_, row) => (row * 31) % CLASSES);
const rows = { count: ROWS, features: FEATURES, scale: 1, x, labels };
const weights = Float32Array.from({ length: (FEATURES + 1) * CLASSES }, (_, i) => Math.sin(3 * i) / 50);

/** Times of an epoch and of the labels of all rows on an engine, in ms. */
export interface PredictionTimes {
  readonly adapter: string;
  readonly epochMs: number;
  readonly labelsMs: number;
  /** The median of their ratios, pair by pair. */
  readonly ratio: number;
}

/** Times them in turn, after one of each. */
export async function timePredictions(name: EngineName): Promise<PredictionTimes> {
  const { engine } = await chooseEngine(name);
  const { epoch, predicted } = await timed(engine);
  engine.close();
  return {
    adapter: engine.adapter,
    epochMs: median(epoch),
    labelsMs: median(predicted),
    ratio: median(epoch.map((ms, n) => predicted[n] / ms)),
  };
}

async function timed(engine: Engine): Promise<{ epoch: number[]; predicted: number[] }> {
  const placement = await engine.place(rows);
  const rule = { kind: "sgd", momentum: 0, nesterov: false } as const;
  const problem = { classes: CLASSES, intercept: true, rule, batchSize: BATCH };
  const descent = await placement.descent(problem, weights);
  const pass = await placement.logits({ classes: CLASSES, weights, blockRows: 4096 });
  const steps = Array.from({ length: ROWS / BATCH }, (_, n) => ({
    first: n * BATCH,
    rows: BATCH,
    learningRate: 0.01,
    gradientScale: 1 / BATCH,
    penalty: 0,
    capture: false,
  }));
  const order = range(ROWS);
  const train = async () => {
    for await (const _ of descent.run([{ order, steps }]));
  };
  const predict = async () => {
    const found = new Uint32Array(ROWS);
    const blocks = range(Math.ceil(ROWS / pass.blockRows));
    let next = pass.logits(0, Math.min(pass.blockRows, ROWS));
    for (const block of blocks) {
      const first = block * pass.blockRows;
      const z = await next;
      const past = first + pass.blockRows;
      if (past < ROWS) next = pass.logits(past, Math.min(pass.blockRows, ROWS - past));
      for (let row = 0; row * CLASSES < z.length; row++) {
        found[first + row] = indexOfLargest(z, row * CLASSES, (row + 1) * CLASSES);
      }
    }
    return found;
  };
  const [epoch, predicted]: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    const times = [await msOf(train), await msOf(predict)];
    if (round === 0) continue; // kernels are compiled
    epoch.push(times[0]);
    predicted.push(times[1]);
  }
  pass.release();
  descent.release();
  placement.release();
  return { epoch, predicted };
}

async function msOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Returns the median µs of `model.logits` of one row. */
export function singleRow(): number {
  const k = CLASSES;
  const model = loadModel({
    format: "smigh-model",
    version: 2,
    labelType: "number",
    classes: Array.from({ length: k }, (_, c) => c),
    features: FEATURES,
    bias: Array.from(weights.subarray(FEATURES * k)),
    weights: Array.from({ length: FEATURES }, (_, d) => Array.from(weights.subarray(d * k, (d + 1) * k))),
    training: {
      history: [],
      converged: false,
      reason: "made by hand",
      iterations: 0,
      warnings: [],
      engine: { name: "none", adapter: "none", kernels: "none", why: "made by hand" },
    },
  });
  const row = x.subarray(0, FEATURES);
  const times = Array.from({ length: 200 }, () => {
    const began = performance.now();
    for (let n = 0; n < 50; n++) model.logits(row);
    return ((performance.now() - began) / 50) * 1000;
  });
  return median(times.slice(50));
}
