/**
 * `npm run bench:solvers -- [optimum] [race] [sets]`: times smigh's solvers to the optimum of the 60,000
 * digits, next to scikit-learn if the Python that PYTHON names has it (optimum), and to 92 % test accuracy,
 * next to TensorFlow.js (race); and shows how far each solver gets on small data sets (sets). All three take
 * ten minutes.
 */
import process from "node:process";
import { type Page, chromium } from "playwright";
import minimum from "../../../test/fixtures/optima/mnist.json" with { type: "json" };
import { serveBenchmark } from "../../browsers/benchmark.js";
import { findChrome, launchArguments } from "../../browsers/chrome.js";
import { mnistFolder } from "../../../scripts/mnist-plugin.js";
import { python, runPython } from "../../run/python.js";
import type { Finish } from "./race.js";
import { SOLVER_NAMES } from "../../../src/solvers/solver-table.js";
import { SETS } from "./names.js";

const wanted = process.argv.slice(2);
const wants = (part: string) => wanted.length === 0 || wanted.includes(part);

const chrome = await findChrome();
const { server, url } = await serveBenchmark();
const browser = await chromium.launch({ executablePath: chrome.path, args: launchArguments() });
try {
  if (wants("optimum")) await optimum();
  if (wants("race")) await race();
  if (wants("sets")) await sets();
} finally {
  await browser.close();
  await server.close();
}

async function optimum(): Promise<void> {
  console.log(
    `60,000 digits × 784 features, 10 classes, C = 1, from zero weights; the minimum is ${minimum.objective}`,
  );
  for (const [engine, tolerance] of [
    ["wasm", 1e-5],
    ["wasm", 1e-6],
    ["webgpu", 1e-6],
  ] as const) {
    const found = await inPage((page) =>
      page.evaluate(([one, other]) => window.solvers.optimise(one, other), [engine, tolerance] as const),
    );
    console.log(
      `smigh/${engine} lbfgs, tolerance ${tolerance}, on ${found.adapter}: ${found.seconds.toFixed(1)} s, ${found.iterations} iterations, ` +
        `${found.passes} passes, F − F* = ${found.excess.toExponential(1)}·F*; ${found.reason}`,
    );
  }
  const { error } = runPython("time_sklearn_optimum.py", mnistFolder, String(minimum.objective));
  if (error) console.log(`scikit-learn was not measured: no Python named ${python} (${error.message}).`);
}

async function race(): Promise<void> {
  console.log("\nto 92 % test accuracy, from zero weights");
  for (const solver of ["lbfgs", "newton"] as const)
    showFinish(
      `smigh/wasm ${solver}`,
      await inPage((page) => page.evaluate((one) => window.solvers.secondOrder(one), solver)),
    );
  for (const solver of ["gd", "sgd", "adam"] as const)
    showFinish(
      `smigh/wasm ${solver}`,
      await inPage((page) => page.evaluate((one) => window.solvers.firstOrder(one), solver)),
    );
  for (const solver of ["sgd", "adam"] as const)
    showFinish(
      `tfjs/wasm ${solver}`,
      await inPage((page) => page.evaluate((one) => window.solvers.tfjs(one), solver)),
    );
}

function showFinish(contender: string, finish: Finish | undefined): void {
  if (!finish) {
    console.log(`${contender}: not reached at any learning rate`);
    return;
  }
  const { rate, seconds, passes, testAccuracy } = finish;
  const at = rate === undefined ? "" : ` at rate ${rate}`;
  console.log(
    `${contender}${at}: ${seconds.toFixed(2)} s, ${passes} passes, ${(100 * testAccuracy).toFixed(2)} %`,
  );
}

async function sets(): Promise<void> {
  console.log("\nsmigh/wasm, standardised features, C = 1, every solver with its defaults");
  for (const set of SETS) {
    for (const solver of SOLVER_NAMES) {
      const solved = await inPage((page) =>
        page.evaluate(([one, other]) => window.solvers.solveSet(one, other), [set, solver] as const),
      );
      console.log(
        `${set} ${solver}: ${solved.passes} passes, ${solved.seconds.toFixed(3)} s, gradient ${solved.gradientMax.toExponential(1)}, ` +
          `F − F* = ${solved.excess.toExponential(1)}·F*; ${solved.reason}`,
      );
    }
  }
}

/** Runs `work` in a fresh page, so that nothing is measured in memory that something else left behind. */
async function inPage<T>(work: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(new URL("studies/solvers/page.html", url).href);
    await page.waitForFunction(() => window.solvers !== undefined);
    return await work(page);
  } finally {
    await context.close();
  }
}
