/**
 * Times whole trainings through `train()`, with their epochs, reports and copies. The benchmark's steps go to
 * the engine directly; what lies between an engine and a caller is seen only here.
 */
import type { EngineName } from "../../src/engine/engine.js";
import { randomIntegers } from "../../src/core/random.js";
import type { TrainOptions, TrainingData } from "../../src/index.js";
import type { Spread } from "./measure.js";

/** A training to time, repeated in turn with the others. */
interface Training {
  readonly name: string;
  readonly unit: "steps" | "iterations";
  readonly data: TrainingData;
  readonly options: TrainOptions;
  /**
   * Takes as its time `elapsed` of the last report, which leaves out opening the engine and copying the data,
   * or the time of the whole call.
   */
  readonly timed: "elapsed" | "call";
  /** Steps; for "iterations" the model says how many there were. */
  readonly steps?: number;
}

export interface TimedTraining {
  readonly name: string;
  readonly unit: Training["unit"];
  /** Steps or iterations of one training. */
  readonly count: number;
  readonly milliseconds: Spread;
  readonly perSecond: number;
}

export interface TimedTrainings {
  readonly engine: EngineName;
  readonly adapter: string;
  /** Trainings of each kind that were timed, after one that was not. */
  readonly rounds: number;
  readonly trainings: readonly TimedTraining[];
  /** Time of 300 epochs of one step over that of one epoch of 300 steps: median of the rounds' ratios. */
  readonly epochsRatio: number;
}

/** The part of the library that is timed, and of the model that says what happened. */
interface Library {
  train(data: TrainingData, options: TrainOptions): Promise<Trained>;
}

interface Trained {
  readonly engine?: { readonly adapter: string };
  readonly history: readonly { readonly elapsed: number }[];
  readonly iterations: number;
}

/** Steps of the two trainings that differ only in how many epochs they take. */
const STEPS = 300;
const EPOCHS = "tiny, 300 epochs of one step";
const ONE_EPOCH = "tiny, one epoch of 300 steps";

/** Times all trainings `rounds` times in turn, in alternating order, after one round that compiles. */
export async function timeTrainings(
  library: Library,
  engine: EngineName,
  rounds: number,
  report: (progress: string) => void,
): Promise<TimedTrainings> {
  const trainings = makeTrainings();
  const times = new Map(trainings.map(({ name }) => [name, [] as number[]]));
  const counts = new Map<string, number>();
  let adapter = "";
  for (let round = 0; round <= rounds; round++) {
    for (const training of round % 2 === 0 ? trainings : trainings.toReversed()) {
      report(`${training.name}, round ${round} of ${rounds}`);
      const began = performance.now();
      const model = await library.train(training.data, { ...training.options, engine });
      const call = performance.now() - began;
      adapter = model.engine?.adapter ?? "";
      counts.set(training.name, training.steps ?? model.iterations);
      const elapsed = 1000 * (model.history.at(-1)?.elapsed ?? Number.NaN);
      if (round > 0) times.get(training.name)?.push(training.timed === "call" ? call : elapsed);
    }
  }
  const [epochs, oneEpoch] = [times.get(EPOCHS) ?? [], times.get(ONE_EPOCH) ?? []];
  return {
    engine,
    adapter,
    rounds,
    trainings: trainings.map(({ name, unit }) => {
      const milliseconds = spreadOf(times.get(name) ?? []);
      const count = counts.get(name) ?? Number.NaN;
      return { name, unit, count, milliseconds, perSecond: (1000 * count) / milliseconds.median };
    }),
    epochsRatio: spreadOf(epochs.map((time, round) => time / oneEpoch[round])).median,
  };
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const last = sorted.length - 1;
  return { min: at(0), median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2, max: at(last) };
}

function makeTrainings(): Training[] {
  const integers = randomIntegers(7);
  const draw = () => integers() / 2 ** 32 - 0.5;
  const sgd = { solver: "sgd", learningRate: 0.1 } as const;

  const rows = 150;
  const tiny = Float32Array.from({ length: 4 * rows }, draw);
  const tinyLabels = Array.from({ length: rows }, (_, row) => row % 3);
  const repeated = new Float32Array(STEPS * tiny.length);
  for (let epoch = 0; epoch < STEPS; epoch++) repeated.set(tiny, epoch * tiny.length);
  const repeatedLabels = Array.from({ length: STEPS * rows }, (_, row) => tinyLabels[row % rows]);

  const digits = Uint8Array.from({ length: 2048 * 784 }, () => 255 * (draw() + 0.5));
  const digitLabels = Array.from({ length: 2048 }, (_, row) => row % 10);
  return [
    {
      name: EPOCHS,
      unit: "steps",
      data: { x: tiny, y: tinyLabels, features: 4 },
      options: { ...sgd, batchSize: rows, epochs: STEPS },
      timed: "elapsed",
      steps: STEPS,
    },
    {
      name: ONE_EPOCH,
      unit: "steps",
      data: { x: repeated, y: repeatedLabels, features: 4 },
      options: { ...sgd, batchSize: rows, epochs: 1, shuffle: false },
      timed: "elapsed",
      steps: STEPS,
    },
    {
      name: "784 × 10 bytes, batch 256",
      unit: "steps",
      data: { x: digits, y: digitLabels, features: 784 },
      options: { ...sgd, batchSize: 256, epochs: 10 },
      timed: "elapsed",
      steps: 80,
    },
    {
      name: "lbfgs, 2000 × 64 × 10",
      unit: "iterations",
      data: noisyLogits(draw, 2000, 64, 10),
      options: { tolerance: 1e-6 },
      timed: "call",
    },
    {
      name: "newton, 2000 × 64 × 10",
      unit: "iterations",
      data: noisyLogits(draw, 2000, 64, 10),
      options: { solver: "newton", tolerance: 1e-6 },
      timed: "call",
    },
  ];
}

/** Labels that are the class of the largest logit, after noise of as much again as a feature's. */
function noisyLogits(draw: () => number, rows: number, features: number, classes: number): TrainingData {
  const x = Float32Array.from({ length: rows * features }, draw);
  const weights = Float32Array.from({ length: features * classes }, draw);
  const y = Array.from({ length: rows }, (_, row) => {
    const logits = Array.from({ length: classes }, (_, k) => {
      let logit = 2 * draw();
      for (let j = 0; j < features; j++) logit += x[row * features + j] * weights[j * classes + k];
      return logit;
    });
    return logits.indexOf(Math.max(...logits));
  });
  return { x, y, features };
}
