/** Trains on rows whose features are read block by block, which give the same bits as rows in memory. */
import { describe, expect, test } from "vitest";
import { Stopwatch } from "../../../src/core/stopwatch.js";
import type { FeatureReader } from "../../../src/core/row-source.js";
import { type FeatureType, type FlatFeatures, createFeatures, selectFrom } from "../../../src/core/rows.js";
import { planBlockRows } from "../../../src/core/sum-plan.js";
import { Warnings } from "../../../src/core/warnings.js";
import { OptionError, type TrainOptions, type TrainingData, train, trainer } from "../../../src/index.js";
import type { Parity } from "../../../src/parity/stages.js";
import type { Outcome } from "../../../src/solvers/solver.js";
import { SOLVER_NAMES, type SolverName, isSecondOrder } from "../../../src/solvers/solver-table.js";
import { startFirstOrder } from "../../../src/train/first-order.js";
import { openForTask } from "../../../src/train/open-engine.js";
import { startSecondOrder } from "../../../src/train/optimise.js";
import { parseOptions } from "../../../src/train/options.js";
import { prepareTask } from "../../../src/train/prepare.js";
import { type Task, createTask } from "../../../src/train/problem.js";
import { LONG } from "../../support/long.js";

/** Returns the value of feature d of a row, from 4 to 7.75. Its mean depends on the row's class. */
function valueAt(row: number, d: number): number {
  return 4 + ((row * 7919 + d * 7) % 1009) / 504.5 + ((row + d) % 3) * 0.875;
}

/** Computes rows, (rows, features), in bytes, f32 or f64. */
function computeRows(count: number, features: number, type: FeatureType): FlatFeatures {
  const size = type.BYTES_PER_ELEMENT === 1 ? 32 : 1;
  const x = createFeatures(type, count * features);
  for (let row = 0; row < count; row++) {
    for (let d = 0; d < features; d++) x[row * features + d] = size * valueAt(row, d);
  }
  return x;
}

/** Rows of three classes, with x in memory. */
function dataOf(count: number, features: number, type: FeatureType) {
  const y = Array.from({ length: count }, (_, row) => row % 3);
  return { x: computeRows(count, features, type), y, features } satisfies TrainingData<number>;
}

/** Hands out copies of some rows of a matrix at a time, as from a file. */
class Blocks implements FeatureReader {
  readonly BYTES_PER_ELEMENT: number;
  /** Most rows that were selected at once. */
  selected = 0;
  readonly #x: FlatFeatures;
  readonly #features: number;

  constructor({ x, features }: { readonly x: FlatFeatures; readonly features: number }) {
    this.BYTES_PER_ELEMENT = x.BYTES_PER_ELEMENT;
    this.#x = x;
    this.#features = features;
  }

  async *blocks() {
    const values = this.#features * planBlockRows({ features: this.#features, x: this });
    for (let first = 0; first < this.#x.length; first += values) yield this.#x.slice(first, first + values);
  }

  select(rows: Uint32Array) {
    this.selected = Math.max(this.selected, rows.length);
    return Promise.resolve(selectFrom(this.#x, this.#features, rows));
  }
}

/** Trains a task to its end. Returns what does not depend on time. */
async function run(task: Task<number>) {
  let parity: Parity | undefined; // of the final weights, or of the last step that is checked
  const prepared = await prepareTask(task);
  const given = { clock: new Stopwatch(), watch: (seen: Parity) => (parity = seen) };
  const opened = await openForTask(prepared, (placement) =>
    isSecondOrder(task.settings.solver)
      ? startSecondOrder(prepared, placement, given)
      : startFirstOrder(prepared, placement, given),
  );
  try {
    let step = await opened.started.steps.next();
    while (!step.done) step = await opened.started.steps.next();
    const { weights, iterations, converged }: Outcome = step.value;
    return { weights, iterations, converged, parity, units: prepared.units, start: prepared.start };
  } finally {
    opened.started.release();
    opened.release();
  }
}

function taskOf(data: TrainingData<number>, options: TrainOptions<number>): Task<number> {
  return createTask(data, parseOptions(options), new Warnings());
}

/** Trains with x in memory and with x read. `selected` is the most rows that were selected at once. */
async function trainBoth(
  [count, features, type]: readonly [number, number, FeatureType],
  options: TrainOptions<number>,
) {
  const data = dataOf(count, features, type);
  const inMemory = await run(taskOf(data, options));
  const task = taskOf(data, options);
  const x = new Blocks(data);
  const read = await run({ ...task, rows: { ...task.rows, x } });
  return { inMemory, read, selected: x.selected };
}

const BYTES = { BYTES_PER_ELEMENT: 1 };
const F32 = { BYTES_PER_ELEMENT: 4 };
const F64 = { BYTES_PER_ELEMENT: 8 };

/** Options of a short training. */
function few(solver: SolverName = "lbfgs", turns = 2): TrainOptions<number> {
  const length = isSecondOrder(solver) ? { maxIterations: turns } : { epochs: turns };
  return { solver, l2: 0.01, validation: 0.2, ...length };
}

type BlockCase = [what: string, shape: readonly [number, number, FeatureType], options: TrainOptions<number>];

/** Bytes that are placed as floats: 17 million, on the reference engine in the long run only. */
const CENTRED_BYTES: BlockCase = [
  "lbfgs on centred bytes",
  [262_400, 64, BYTES],
  { standardize: true, init: "centroids" },
];

describe.each(["reference", "wasm"] as const)("on the %s engine", (engine) => {
  test.each(SOLVER_NAMES)("%s gives the same bits as in memory", async (solver) => {
    const floats = await trainBoth([200, 5, F32], { ...few(solver, 20), engine });
    expect(floats.read).toEqual(floats.inMemory);
    const bytes = await trainBoth([200, 5, BYTES], { ...few(solver), engine, standardize: true });
    expect(bytes.read).toEqual(bytes.inMemory);
  });

  test.each<TrainOptions<number>>([
    { labelSmoothing: 0.1 },
    { l1: 0.01 },
    { init: "centroids" },
    { solver: "sgd", sampling: "importance" },
  ])("so does %o", async (options) => {
    const { read, inMemory } = await trainBoth([200, 5, F64], {
      ...few(options.solver),
      ...options,
      engine,
    });
    expect(read).toEqual(inMemory);
  });

  // Two blocks of the plan, or five where bytes are placed as floats, and more rows than any sample has.
  test.each<BlockCase>([
    ...(engine === "wasm" || LONG ? [CENTRED_BYTES] : []),
    ["lbfgs", [66_000, 64, F32], {}],
    ["soft targets", [66_000, 64, F32], { labelSmoothing: 0.1, init: "centroids" }],
    ["sgd", [66_000, 64, F32], { solver: "sgd", sampling: "importance", batchSize: 2000 }],
  ])("%s reads rows block by block, and selects few", async (_, shape, options) => {
    const all = { ...few(options.solver, 1), ...options, engine };
    const { read, inMemory, selected } = await trainBoth(shape, all);
    expect(read).toEqual(inMemory);
    expect(inMemory.iterations).toBeGreaterThan(0);
    expect(selected).toBeLessThanOrEqual(4096);
  });
});

test("data and options are refused at once, and features whose deviation does not fit f32 later", async () => {
  const { y, ...rest } = dataOf(9, 2, F64);
  const init = { classes: [7], features: 2, weights: new Float32Array(2), bias: new Float32Array(1) };
  expect(() => trainer({ ...rest, y }, { init })).toThrow(OptionError);
  const x = Float64Array.from({ length: 18 }, (_, i) => 1e40 * (i % 5));
  const training = trainer({ ...rest, y, x }, { standardize: true, engine: "reference" });
  await expect(training[Symbol.asyncIterator]().next()).rejects.toThrow(
    "x has a deviation of about 1e+40 in column 0",
  );
  expect(() => training.model).toThrow("There is no model: the training failed. x has a deviation");
});

test("a training does not read the caller's arrays again", async () => {
  const x = Float32Array.from(computeRows(60, 3, F32));
  const data = { ...dataOf(60, 3, F32), x };
  const model = await train(data, { engine: "reference", C: 10 });
  const init = { classes: [0, 1, 2], features: 3, weights: model.weights.slice(), bias: model.bias.slice() };
  const options = { engine: "reference", init, maxIterations: 1 } as const;
  const straight = await train(data, options);
  const training = trainer(data, options);
  x.fill(0);
  init.weights.fill(0);
  for await (const _ of training);
  expect(training.model.weights).toEqual(straight.weights);
});

test("an aborted training reads nothing", async () => {
  const data = dataOf(20, 2, F32);
  const task = taskOf(data, { signal: AbortSignal.abort("stopped") });
  const x = new Blocks(data);
  await expect(prepareTask({ ...task, rows: { ...task.rows, x } })).rejects.toBe("stopped");
  expect(x.selected).toBe(0);
});
