/**
 * Parity of a step of any size in bounded time. Logits, residual and loss are checked for a sample of the
 * rows. The gradient is a sum over all rows, so a sample of its elements is checked, over all rows. The
 * update is checked for a sample of the weights. Later steps check other rows and elements. The checks yield
 * to the event loop.
 */
import { yieldIfDue } from "../core/event-loop.js";
import { range } from "../core/random.js";
import type { Passes, DescentProblem } from "../engine/descent.js";
import { type RowSource, readChosenRows } from "../core/row-source.js";
import { type FloatArray, inF64 } from "../core/rows.js";
import { factorsIn } from "../engine/reference/update.js";
import { TINY, gamma, logitsParity, parityOf, ratio, residualParity, updateParity } from "./step.js";
import { type Parity, maxOrInfinity } from "./stages.js";

/** Most rows in a sample. */
const ROWS = 256;
/** Most weights in a sample. */
const WEIGHTS = 2 ** 16;
/** Most products that a stage computes, unless a single row needs more. */
const PRODUCTS = 2 ** 24;
/** Fewest elements of the gradient in a sample. */
const ELEMENTS = 16;
/** Most products between two yields to the event loop, a few milliseconds. */
const WITHOUT_A_BREAK = 2 ** 21;

/** The parity of one step. A step with few rows and weights is checked in full. */
export async function sampledParity(
  passes: Passes,
  data: RowSource,
  problem: DescentProblem,
): Promise<Parity> {
  const count = passes.rows.length;
  const weights = passes.before.weights.length;
  if (count <= ROWS && count * weights <= WITHOUT_A_BREAK) {
    return parityOf({ ...passes, rows: range(count) }, await readChosenRows(data, passes.rows), problem);
  }

  const most = Math.min(ROWS, Math.ceil(PRODUCTS / weights));
  const chosen = sample(count, most, passes.number);
  const stages = {
    ...(await rowStages(passes, chosen, data, problem)),
    gradient: await gradientParity(passes, data, problem),
    update: sampledUpdate(passes, problem),
  };
  await yieldIfDue();
  return { rho: Object.values(stages).reduce(maxOrInfinity), stages, steps: 1, examples: chosen.length };
}

/** Checks logits, residual and loss of the chosen rows, a few rows at a time. */
async function rowStages(
  passes: Passes,
  chosen: Uint32Array,
  data: RowSource,
  problem: DescentProblem,
): Promise<{ logits: number; residual: number; loss: number }> {
  const { classes } = problem;
  const atOnce = Math.max(1, Math.floor(WITHOUT_A_BREAK / passes.before.weights.length));
  let [logits, residual, loss] = [0, 0, 0];
  for (let first = 0; first < chosen.length; first += atOnce) {
    const rows = chosen.subarray(first, first + atOnce);
    const some = {
      ...passes,
      rows: rows.map((row) => passes.rows[row]),
      logits: pickRows(passes.logits, rows, classes),
      residual: pickRows(passes.residual, rows, classes),
      losses: pickRows(passes.losses, rows, 1),
    };
    const batch = inF64(await readChosenRows(data, some.rows));
    logits = maxOrInfinity(logits, logitsParity(some, batch, problem));
    const found = residualParity(some, batch, problem);
    residual = maxOrInfinity(residual, found.residual);
    loss = maxOrInfinity(loss, found.loss);
    await yieldIfDue();
  }
  return { logits, residual, loss };
}

/** Error ÷ bound of a sample of G, where |ΔG| ≤ γ·|X|ᵀ|R|, given the engine's own R. */
async function gradientParity(passes: Passes, data: RowSource, { classes }: DescentProblem): Promise<number> {
  const { features, scale } = data;
  const { rows, residual: r, gradient: found } = passes;
  const most = Math.max(ELEMENTS, Math.floor(PRODUCTS / rows.length));
  const { elements } = sampleElements(found.length, classes, most, passes.number);
  const ofFeature = elements.map((element) => Math.floor(element / classes));
  const ofClass = elements.map((element) => element % classes);
  const exact = new Float64Array(elements.length);
  const size = new Float64Array(elements.length);
  const atOnce = Math.ceil(WITHOUT_A_BREAK / Math.max(elements.length, features));
  for (let first = 0; first < rows.length; first += atOnce) {
    const past = Math.min(first + atOnce, rows.length);
    const { x } = await readChosenRows(data, rows.subarray(first, past));
    for (let n = first; n < past; n++) {
      const row = (n - first) * features;
      for (let i = 0; i < elements.length; i++) {
        const d = ofFeature[i];
        const product = (d < features ? scale * x[row + d] : 1) * r[n * classes + ofClass[i]];
        exact[i] += product;
        size[i] += Math.abs(product);
      }
    }
    await yieldIfDue();
  }
  const g = gamma(passes.chain + 1 + 4);
  return ratio(pickElements(found, elements), exact, (i) => g * size[i] + TINY * rows.length);
}

/** Checks the update of a sample of the weights, as if there were no others. Sampled intercepts come last. */
function sampledUpdate(passes: Passes, problem: DescentProblem): number {
  const { before, gradient, after, number } = passes;
  const { elements, intercepts } = sampleElements(gradient.length, problem.classes, WEIGHTS, number);
  const state = ({ weights, moments }: Passes["before"]) => ({
    weights: pickElements(weights, elements),
    moments: moments.map((moment) => pickElements(moment, elements)),
  });
  const some = {
    ...passes,
    before: state(before),
    after: state(after),
    gradient: pickElements(gradient, elements),
  };
  const factorOf = factorsIn(problem);
  return updateParity(some, { ...problem, classes: intercepts }, (i) => factorOf(elements[i]));
}

/**
 * Samples elements of a matrix (features + 1, classes), in order. `intercepts` of them are in its last row.
 */
function sampleElements(
  count: number,
  classes: number,
  most: number,
  turn: number,
): { readonly elements: Uint32Array; readonly intercepts: number } {
  const first = count - classes;
  const last = sample(classes, Math.ceil(most / 4), turn).map((k) => first + k);
  const others = sample(first, Math.max(1, most - last.length), turn);
  const elements = new Uint32Array(others.length + last.length);
  elements.set(others);
  elements.set(last, others.length);
  return { elements, intercepts: last.length };
}

/**
 * At most `most` of the numbers 0 … count − 1, evenly spread and different each turn. Always includes the
 * last one, where the tails of kernels are.
 */
export function sample(count: number, most: number, turn: number): Uint32Array {
  if (count <= most) return range(count);
  const shift = (turn * GOLDEN) % 1;
  const chosen = Uint32Array.from({ length: most }, (_, n) => Math.floor(((n + shift) * count) / most));
  chosen[most - 1] = count - 1;
  return chosen;
}

/** Golden ratio − 1: for every n, its first n multiples modulo 1 are spread evenly over 0 … 1. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

function pickRows(values: FloatArray, rows: Uint32Array, width: number): Float64Array {
  const picked = new Float64Array(rows.length * width);
  rows.forEach((row, n) => picked.set(values.subarray(row * width, (row + 1) * width), n * width));
  return picked;
}

function pickElements(values: FloatArray, elements: Uint32Array): Float64Array {
  return Float64Array.from(elements, (element) => values[element]);
}
