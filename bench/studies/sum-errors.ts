/**
 * The error of the wasm engine's gradient, a sum over many rows in f32, beside its bound: features with a
 * mean far from 0, classes of unequal sizes, weights of 0.
 *
 *   npx tsx bench/studies/sum-errors.ts
 */
import { randomIntegers, range } from "../../src/core/random.js";
import type { Rows } from "../../src/core/rows.js";
import type { Passes } from "../../src/engine/descent.js";
import type * as wasm from "../../src/engine/wasm/engine.js";
import { gamma } from "../../src/parity/step.js";
import { importSource } from "../run/library.js";

const { WasmHost } = await importSource<typeof wasm>("src/engine/wasm/engine.ts");

const [FEATURES, CLASSES] = [4, 3];

console.log("| kernels | rows | chain | error ÷ Σ\\|x\\|·\\|r\\| | bound | error ÷ the largest element |");
console.log("| ------- | ---: | ----: | --------------------: | ----: | --------------------------: |");
for (const kernels of ["fused", "tiled"]) {
  for (const count of [1e5, 1e6, 1e7])
    console.log(lineOf(kernels, await gradientOf(randomRows(count), kernels)));
}

/** Features uniform between 2 and 4. Seven rows of ten are of class 0. */
function randomRows(count: number): Rows {
  const random = randomIntegers(1);
  const x = Float32Array.from({ length: count * FEATURES }, () => 2 + random() / 2 ** 31);
  const labels = Uint32Array.from({ length: count }, () => Math.max(0, (random() % 10) - 7));
  return { count, features: FEATURES, x, scale: 1, labels };
}

interface Captured {
  readonly rows: Rows;
  readonly passes: Passes;
}

/** Captures one step over all rows. */
async function gradientOf(rows: Rows, kernels: string): Promise<Captured> {
  const engine = await new WasmHost().open();
  try {
    const placement = await engine.place(rows);
    const rule = { kind: "sgd", momentum: 0, nesterov: false } as const;
    const problem = { classes: CLASSES, batchSize: rows.count, intercept: true, rule, kernels };
    const descent = await placement.descent(problem, new Float32Array((FEATURES + 1) * CLASSES));
    const step = { first: 0, rows: rows.count, learningRate: 0, gradientScale: 1, penalty: 0, capture: true };
    for await (const { passes } of descent.run([{ order: range(rows.count), steps: [step] }]))
      if (passes) return { rows, passes };
    throw new Error("The step was not captured.");
  } finally {
    engine.close();
  }
}

/** Compares the gradient with the f64 sum of the engine's own residuals. */
function lineOf(kernels: string, { rows: { count, x }, passes }: Captured): string {
  const { residual, gradient, chain } = passes;
  const [exact, size] = [0, 1].map(() => new Float64Array(gradient.length));
  for (let n = 0; n < count; n++) {
    for (let d = 0; d <= FEATURES; d++) {
      for (let k = 0; k < CLASSES; k++) {
        const product = (d < FEATURES ? x[n * FEATURES + d] : 1) * residual[n * CLASSES + k];
        exact[d * CLASSES + k] += product;
        size[d * CLASSES + k] += Math.abs(product);
      }
    }
  }
  const errors = exact.map((value, i) => Math.abs(gradient[i] - value));
  const relative = Math.max(...errors.map((error, i) => error / size[i]));
  const largest = Math.max(...errors) / Math.max(...exact.map(Math.abs));
  const figures = [relative, gamma(chain + 5), largest].map((figure) => figure.toExponential(1));
  return `| ${kernels} | ${count.toExponential(0)} | ${chain} | ${figures.join(" | ")} |`;
}
