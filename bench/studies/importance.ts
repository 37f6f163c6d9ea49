/**
 * `npm run bench:importance -- [mnist] [easy]`: what importance sampling is worth to sgd, on the processor.
 * Shows how far the objective is above its minimum, compared with uniform sampling after as many examples and
 * after as many passes over the data.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { importLibrary } from "../run/library.js";
import { mnistFolder } from "../../scripts/mnist-plugin.js";
import { type Learnable, mostlyEasy } from "../measure/mostly-easy.js";
import { median } from "../measure/median.js";

const EPOCHS = [4, 8, 16];
const SEEDS = [1, 2, 3];
const SAMPLINGS = ["uniform", "importance"] as const;
type Sampling = (typeof SAMPLINGS)[number];
/** Ridge penalty l2/2·‖W‖² on the mean objective. */
const L2 = 1e-4;

const common = { engine: "wasm", l2: L2 } as const;
const sgd = { ...common, solver: "sgd", batchSize: 128 } as const;

interface Contest extends Learnable {
  readonly name: string;
  /** Learning rates to try, each decayed to 0 along a cosine. */
  readonly rates: readonly number[];
}

const contests: readonly Contest[] = [
  { name: "mnist", ...digits(), rates: [0.4, 0.8, 1.6, 3.2, 6.4] },
  { name: "easy", ...mostlyEasy(), rates: [1.6, 3.2, 6.4, 12.8, 25.6] },
];

const smigh = await importLibrary();
const wanted = process.argv.slice(2);
for (const contest of contests) {
  if (wanted.length === 0 || wanted.includes(contest.name)) await show(contest);
}

/** The 60,000 training digits of MNIST. */
function digits(): Learnable {
  const x = Uint8Array.from(readFileSync(join(mnistFolder, "train-images-idx3-ubyte")).subarray(16));
  const y = Uint8Array.from(readFileSync(join(mnistFolder, "train-labels-idx1-ubyte")).subarray(8));
  return { x, y, features: 784 };
}

async function show(contest: Contest): Promise<void> {
  const { name, x, y, features } = contest;
  const best = await smigh.train({ x, y, features }, { ...common, solver: "lbfgs", tolerance: 1e-6 });
  const minimum = (await best.evaluate({ x, y })).loss + penalty(best.weights);
  console.log(`${name}: ${y.length} × ${features}, minimum ${minimum.toFixed(6)}`);
  for (const sampling of SAMPLINGS)
    console.log(`  one epoch, ${sampling}: ${(1000 * (await secondsOf(contest, sampling))).toFixed(0)} ms`);
  for (const epochs of EPOCHS) {
    await showTuned(contest, minimum, "uniform", epochs);
    await showTuned(contest, minimum, "uniform", Math.round(passesOf("importance", epochs)));
    await showTuned(contest, minimum, "importance", epochs);
  }
}

/** Shows the best rate by its median over the seeds, with that median, the least and the most. */
async function showTuned(
  contest: Contest,
  minimum: number,
  sampling: Sampling,
  epochs: number,
): Promise<void> {
  const tuned = [];
  for (const rate of contest.rates) {
    const above = [];
    for (const seed of SEEDS)
      above.push((await objectiveAfter(contest, sampling, epochs, rate, seed)) - minimum);
    tuned.push({ rate, above, median: median(above) });
  }
  const best = tuned.reduce((a, b) => (a.median < b.median ? a : b));
  const [middle, from, to] = [best.median, Math.min(...best.above), Math.max(...best.above)].map(short);
  console.log(
    `  ${epochs} epochs, ${passesOf(sampling, epochs)} passes, ${sampling}: ${middle} above (${from} to ${to}) at rate ${best.rate}; ` +
      tuned.map((one) => `${one.rate}: ${short(one.median)}`).join(", "),
  );
}

/** Passes over the data. Importance sampling adds half a pass before epochs 1, 2, 3, 5, 9, … */
function passesOf(sampling: Sampling, epochs: number): number {
  return sampling === "importance" ? epochs + (1 + Math.ceil(Math.log2(epochs))) / 2 : epochs;
}

function short(value: number): string {
  return value.toExponential(1);
}

/** The mean objective on the training examples, with the penalty. They are evaluated as validation data. */
async function objectiveAfter(
  { x, y, features }: Contest,
  sampling: Sampling,
  epochs: number,
  rate: number,
  seed: number,
): Promise<number> {
  const learningRate = { kind: "cosine", rate } as const;
  const options = { ...sgd, sampling, epochs, learningRate, seed, validation: { x, y } };
  const { history, weights } = await smigh.train({ x, y, features }, options);
  return (history.at(-1)?.validation?.loss ?? Number.NaN) + penalty(weights);
}

/** Mean seconds per epoch. */
async function secondsOf({ x, y, features }: Contest, sampling: Sampling): Promise<number> {
  const epochs = 16;
  const { history } = await smigh.train({ x, y, features }, { ...sgd, sampling, epochs });
  return (history.at(-1)?.elapsed ?? Number.NaN) / epochs;
}

function penalty(weights: Float32Array): number {
  return (L2 / 2) * weights.reduce((sum, weight) => sum + weight * weight, 0);
}
