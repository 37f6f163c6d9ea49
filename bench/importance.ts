/**
 * `npm run bench:importance`: what drawing examples by their gradients is worth to sgd, on the processor. After as many
 * examples as uniform sampling took, and after as many passes over the data: half as many examples.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runnerImport } from "vite";
import { assemblyPlugin } from "../scripts/assembly-plugin.js";
import { type Random, randomIntegers } from "../src/data/random.js";
import { mnistFolder } from "./mnist-plugin.js";

const root = join(import.meta.dirname, "..");
const { module: smigh } = await runnerImport<typeof import("../src/index.js")>(join(root, "src/index.ts"), {
  configFile: false,
  plugins: [assemblyPlugin()],
});

const EPOCHS = [2, 4, 8, 16];
const SEEDS = [1, 2, 3];
const SAMPLINGS = ["uniform", "importance"] as const;
const L2 = 1e-4;
const BATCH = 128;

interface Data {
  readonly name: string;
  readonly x: Uint8Array | Float32Array;
  readonly y: Uint8Array;
  readonly features: number;
  /** Learning rates to choose from, each with a constant and a cosine schedule. */
  readonly rates: readonly number[];
}

/** 60,000 digits. */
function digits(): Data {
  const x = Uint8Array.from(readFileSync(join(mnistFolder, "train-images-idx3-ubyte")).subarray(16));
  const y = Uint8Array.from(readFileSync(join(mnistFolder, "train-labels-idx1-ubyte")).subarray(8));
  return { name: "MNIST", x, y, features: 784, rates: [0.05, 0.1, 0.2, 0.4, 0.8] };
}

/** A row in ten is between two classes, and either's; the others are near their class's centre. */
function mostlyEasy(): Data {
  const [count, features, classes, apart, hard] = [20_000, 50, 10, 6, 0.1];
  const random = randomIntegers(5);
  const centres = Float32Array.from({ length: classes * features }, () => gaussian(random));
  for (let k = 0; k < classes; k++) {
    const centre = centres.subarray(k * features, (k + 1) * features);
    const length = Math.hypot(...centre);
    centre.forEach((value, d) => (centre[d] = (apart * value) / length));
  }
  const x = new Float32Array(count * features);
  const y = Uint8Array.from({ length: count }, (_, row) => row % classes);
  y.forEach((label, row) => {
    const other = row < hard * count ? (label + 1 + (random() % (classes - 1))) % classes : label;
    for (let d = 0; d < features; d++)
      x[row * features + d] =
        (centres[label * features + d] + centres[other * features + d]) / 2 + 0.5 * gaussian(random);
  });
  return { name: "90 % easy", x, y, features, rates: [0.4, 0.8, 1.6, 3.2, 6.4, 12.8] };
}

function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log((random() + 1) / (2 ** 32 + 1)));
  return radius * Math.cos((2 * Math.PI * random()) / 2 ** 32);
}

/** The mean objective, penalty included, after so many epochs; and seconds. */
async function objectiveAfter(
  { x, y, features }: Data,
  sampling: (typeof SAMPLINGS)[number],
  epochs: number,
  learningRate: number | { kind: "cosine"; rate: number },
  seed: number,
): Promise<{ objective: number; seconds: number }> {
  const began = performance.now();
  const model = await smigh.train(
    { x, y, features },
    { engine: "wasm", solver: "sgd", batchSize: BATCH, l2: L2, sampling, epochs, learningRate, seed },
  );
  const seconds = (performance.now() - began) / 1000;
  const square = model.weights.reduce((sum, w) => sum + w * w, 0);
  const { loss } = model.evaluate({ x, y });
  return { objective: loss + (L2 / 2) * square, seconds };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

const only = process.argv.slice(2);
for (const data of [digits(), mostlyEasy()].filter(({ name }) => only.length === 0 || only.includes(name))) {
  const best = await smigh.train(data, { engine: "wasm", solver: "lbfgs", l2: L2, tolerance: 1e-7 });
  const optimum = best.evaluate(data).loss + (L2 / 2) * best.weights.reduce((sum, w) => sum + w * w, 0);
  console.log(`${data.name}: optimum ${optimum.toFixed(6)} (${best.reason})`);
  for (const epochs of EPOCHS) {
    for (const sampling of SAMPLINGS) {
      const found = [];
      for (const rate of data.rates)
        for (const schedule of [rate, { kind: "cosine", rate } as const]) {
          const runs = [];
          for (const seed of SEEDS) runs.push(await objectiveAfter(data, sampling, epochs, schedule, seed));
          const objective = median(runs.map((run) => run.objective)) - optimum;
          found.push({ objective, schedule, seconds: median(runs.map((run) => run.seconds)), runs });
        }
      for (const kind of ["constant", "cosine"]) {
        const some = found.filter(({ schedule }) => (typeof schedule === "number") === (kind === "constant"));
        const least = some.reduce((a, b) => (a.objective < b.objective ? a : b));
        console.log(
          `${epochs} epochs, ${sampling.padEnd(10)} ${least.objective.toExponential(2)} above, ${JSON.stringify(least.schedule)}, ${least.seconds.toFixed(2)} s`,
          some.map(({ objective }) => objective.toExponential(1)).join(" "),
        );
      }
    }
  }
}
