/** Tests epochs on a GPU: `train` queues them ahead, a trainer waits for each report. */
import { afterEach, expect, test, vi } from "vitest";
import { train, trainer } from "../../../src/index.js";
import { randomIntegers, range } from "../../../src/core/random.js";
import { RULES, randomRows, randomWeights } from "../../conformance/problems.js";
import { webgpuEngine } from "../../support/engines.js";

const ROWS = 150;
const FEATURES = 4;
const EPOCHS = 200;

const random = randomIntegers(7);
const x = Float32Array.from({ length: ROWS * FEATURES }, () => random() / 2 ** 31 - 1);
const y = Array.from({ length: ROWS }, () => random() % 3);
const data = { x, y, features: FEATURES };
const common = { engine: "webgpu", learningRate: 0.1, epochs: EPOCHS } as const;

afterEach(() => vi.restoreAllMocks());

/** Counts submissions, and the row numbers of orders, from here on. */
function counted() {
  const submit = vi.spyOn(GPUQueue.prototype, "submit");
  const write = vi.spyOn(GPUQueue.prototype, "writeBuffer");
  return {
    submissions: () => submit.mock.calls.length,
    /** Row numbers that were written. */
    rows: () =>
      write.mock.calls
        .filter(([buffer]) => buffer.label.startsWith("order"))
        .reduce((sum, [, , numbers]) => sum + numbers.byteLength / 4, 0),
  };
}

test.each([
  ["gd", {}],
  ["sgd", { batchSize: ROWS }],
  ["adam", { batchSize: ROWS }],
] as const)(
  "%s takes 200 epochs of one step in few submissions, and writes one order",
  async (solver, batch) => {
    const count = counted();
    const model = await train(data, { ...common, solver, ...batch });
    expect(model.history).toHaveLength(EPOCHS);
    expect(count.submissions()).toBeLessThanOrEqual(4);
    expect(count.rows()).toBe(ROWS);
  },
);

test.each(["gd", "sgd", "adam"] as const)("%s gives the same bits ahead and step by step", async (solver) => {
  const options = { ...common, solver, epochs: 30, ...(solver !== "gd" && { batchSize: 64 }) };
  const training = trainer(data, options);
  for await (const _ of training);
  const { weights, bias, history } = await train(data, options);
  expect(weights).toEqual(training.model.weights);
  expect(bias).toEqual(training.model.bias);
  const losses = (records: typeof history) => records.map(({ loss, accuracy }) => [loss, accuracy]);
  expect(losses(history)).toEqual(losses(training.model.history));
});

test("orders that do not fit the device's buffer together are overwritten in their turn", async () => {
  const rows = 40_000;
  const many = { x: Float32Array.from({ length: rows }, () => random() / 2 ** 31 - 1), features: 1 };
  const labelled = { ...many, y: Array.from({ length: rows }, () => random() % 2) };
  const options = { ...common, solver: "sgd", batchSize: 10_000, epochs: 5 } as const;
  const training = trainer(labelled, options);
  for await (const _ of training);
  expect((await train(labelled, options)).weights).toEqual(training.model.weights);
});

test("a trainer that is left has the weights of its last report", async () => {
  const training = trainer(data, { ...common, solver: "sgd", batchSize: ROWS });
  for await (const { epoch } of training) if (epoch === 3) break;
  const { weights } = await train(data, { ...common, solver: "sgd", batchSize: ROWS, epochs: 3 });
  expect(training.model.weights).toEqual(weights);
});

test("nothing is submitted while a trainer's report is held", async () => {
  const steps = trainer(data, { ...common, solver: "sgd", batchSize: ROWS })[Symbol.asyncIterator]();
  await steps.next();
  await steps.next();
  const { submissions } = counted();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(submissions()).toBe(0);
  await steps.return(undefined as never);
});

test("an error of the epochs themselves is passed on, and the descent goes on", async () => {
  const shape = { count: 40, features: 3, classes: 2 };
  const engine = await webgpuEngine();
  const placement = await engine.place(randomRows(shape, "f32", 1));
  const problem = { classes: 2, batchSize: 40, intercept: true, rule: RULES["sgd"] };
  const descent = await placement.descent(problem, randomWeights(shape, 2));
  const order = range(40);
  const step = { first: 0, rows: 40, learningRate: 0.1, gradientScale: 1 / 40, penalty: 0, capture: false };
  const failure = new RangeError("no such row");
  const epochs = async function* () {
    yield { order, steps: [step] };
    throw failure;
  };
  const results = descent.run(epochs())[Symbol.asyncIterator]();
  const failing = async () => {
    while (!(await results.next()).done);
  };
  await expect(failing()).rejects.toBe(failure);
  expect((await descent.evaluate(order)).weight).toBeGreaterThan(0);
  engine.close();
});

test("patience ends at its epoch, with the weights of the best", async () => {
  const options = { ...common, solver: "sgd", batchSize: 50, validation: 0.3, patience: 3 } as const;
  const training = trainer(data, { ...options, learningRate: 3 });
  for await (const _ of training);
  const model = await train(data, { ...options, learningRate: 3 });
  expect(model.reasonCode).toBe("patience");
  expect(model.history).toHaveLength(training.model.history.length);
  expect(model.weights).toEqual(training.model.weights);
});
