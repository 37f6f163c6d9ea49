/**
 * `npx tsx bench/studies/huge.ts [system…]`: one step of 256 features × 100,000 classes on a batch of 2048,
 * whose logits alone take 0.8 GB. Shows whether each system can do it, and how much memory it takes. Without
 * a GPU it takes a quarter of an hour.
 */
import process from "node:process";
import { chromium } from "playwright";
import { serveBenchmark } from "../browsers/benchmark.js";
import { findChrome, launchArguments } from "../browsers/chrome.js";
import type { HugeReport } from "./huge-page.js";
import { type Batch, workloads } from "../measure/workloads.js";

const SYSTEMS = ["smigh/webgpu", "jax-js/webgpu", "tfjs/webgpu"];
/** Time limit for each phase: opening, the step, and the losses before and after it. */
const SECONDS = 240;
const CHANGES = { batch: 2048, learningRate: 32 };

const vocab = workloads.find(({ name }) => name === "vocab");
if (!vocab) throw new Error("There is no workload vocab.");
const workload = { ...vocab, ...CHANGES };
const { features, classes, batch } = workload;

const bound = 4 * batch * features + 4 * (4 * (features + 1) * classes) + 256 * 2 ** 20;
console.log(`${features} features × ${classes} classes, batch ${batch}`);
console.log(`bound: X + 4 × weights + 256 MiB = ${megabytes(bound)}, plus the chunk`);
console.log(`loss at zero weights, exactly:   ${Math.log(classes).toFixed(6)}`);
console.log(
  `loss after one step, in f64:     ${lossAfterOneStep(await workload.load(workload, "")).toFixed(6)}`,
);

const names = process.argv.length > 2 ? process.argv.slice(2) : SYSTEMS;
const { server, url } = await serveBenchmark();
try {
  for (const name of names) show(name, await measure(name));
} finally {
  await server.close();
}

/** Measures in a fresh browser, since work that missed its time limit would go on. */
async function measure(name: string): Promise<HugeReport> {
  const chrome = await findChrome();
  const browser = await chromium.launch({ executablePath: chrome.path, args: launchArguments() });
  try {
    const page = await browser.newPage();
    await page.goto(new URL("studies/huge-page.html", url).href);
    await page.waitForFunction(() => window.huge !== undefined);
    const ended = new Promise<HugeReport>((resolve) => {
      const none = (error: string) => resolve({ peak: { bytes: Number.NaN, largest: [] }, errors: [error] });
      page.once("crash", () => none("The page crashed."));
      setTimeout(none, 4000 * SECONDS, "The page did not answer.").unref();
    });
    const measured = page.evaluate(
      ([name, changes, seconds]) => window.huge.measure(name, changes, seconds),
      [name, CHANGES, SECONDS] as const,
    );
    return await Promise.race([measured, ended]);
  } finally {
    await browser.close();
  }
}

function show(name: string, { adapter, peak, stepSeconds, lossBefore, lossAfter, errors }: HugeReport): void {
  const within =
    peak.bytes <= bound ? "within the bound even without the chunk" : "above the bound without the chunk";
  console.log(`\n${name}${adapter === undefined ? "" : ` on ${adapter}`}`);
  console.log(`  peak of its buffers       ${megabytes(peak.bytes)}, ${within}`);
  for (const buffer of peak.largest) console.log(`    ${buffer}`);
  console.log(
    `  first step                ${stepSeconds === undefined ? "none" : `${stepSeconds.toFixed(1)} s`}`,
  );
  console.log(`  loss at zero weights      ${lossBefore?.toFixed(6) ?? "none"}`);
  console.log(`  loss after one step       ${lossAfter?.toFixed(6) ?? "none"}`);
  for (const error of errors) console.log(`  error: ${error}`);
}

/**
 * The exact loss after one step. At zero weights every class has the same probability, so the step is known:
 * W = rate·Xᵀ(Y − 1/K). In the logits after it, z_jk = rate·(Σ_{i: y_i = k} x_j·x_i − x_j·Σᵢ xᵢ/K), the last
 * term is the same for all classes and drops out of the loss. The rest needs only inner products of rows,
 * each extended by a feature 1 for the intercept.
 */
function lossAfterOneStep({ x, labels }: Batch): number {
  const rate = workload.learningRate / batch;
  const present = [...new Set(labels)];
  const places = Array.from(labels, (label) => present.indexOf(label));
  let total = 0;
  const logits = new Float64Array(present.length);
  for (let j = 0; j < batch; j++) {
    logits.fill(0);
    for (let i = 0; i < batch; i++) {
      let product = 1;
      for (let f = 0; f < features; f++) product += x[j * features + f] * x[i * features + f];
      logits[places[i]] += rate * product;
    }
    const sum = logits.reduce((sum, z) => sum + Math.exp(z), classes - present.length);
    total += Math.log(sum) - logits[places[j]];
  }
  return total / batch;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
