/** Tests that options of a training are parsed, and rejected where they are wrong. */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { OptionError, type TrainOptions, sweep, train, trainer } from "../../../src/index.js";
import { OPTION_TABLE } from "../../../src/train/option-table.js";
import { parseOptions } from "../../../src/train/options.js";
import { show } from "../../../src/core/show.js";
import { thrownBy, untypedTrainer } from "../../support/untyped.js";

const data = { x: [[0], [1], [2], [3]], y: ["a", "b", "a", "b"] };

/** Values out of range for each option, and what the message says the option must be. */
const OUT_OF_RANGE: Readonly<Record<string, { readonly must: string; readonly values: readonly unknown[] }>> =
  {
    engine: { must: 'one of "auto", "webgpu", "wasm", "reference"', values: ["cuda", "", 1, null] },
    kernels: {
      must: '"auto", "table", or the name of a choice that a model recorded',
      values: [1, null, true],
    },
    device: {
      must: "a GPUDevice, as adapter.requestDevice() resolves to",
      values: ["gpu", 0, null, {}, [], { queue: {} }],
    },
    adapter: {
      must: '"high-performance", "low-power", or in Node part of the name of an adapter',
      values: ["", " ", 1, null],
    },
    runtime: {
      must: "a runtime, as createRuntime() returns",
      values: ["shared", 0, null, {}, { open() {}, close() {} }],
    },
    solver: {
      must: 'one of "lbfgs", "newton", "gd", "sgd", "adam", "adamw"',
      values: ["rmsprop", "Adam", 3],
    },
    tolerance: { must: "a finite number ≥ 0", values: [-1e-3, Number.NaN, Infinity] },
    maxIterations: { must: "a whole number ≥ 1", values: [0, 2.5, Infinity, "9"] },
    memory: { must: "a whole number ≥ 1", values: [0, -1, Number.NaN] },
    epochs: { must: "a whole number ≥ 1", values: [0, -1, 1.5, Number.NaN, Infinity, "10", null] },
    batchSize: { must: "a whole number ≥ 1", values: [0, -8, 0.5, Number.NaN, "all"] },
    learningRate: { must: "a finite number above 0", values: [0, -0.1, Number.NaN, Infinity] },
    sampling: { must: 'one of "uniform", "importance"', values: ["gradient", true, null] },
    momentum: { must: "a number from 0 to below 1", values: [-0.1, 1, 2, Number.NaN, "0.9"] },
    nesterov: { must: "true or false", values: [1, "true", null] },
    beta1: { must: "a number from 0 to below 1", values: [-0.1, 1, Number.NaN] },
    beta2: { must: "a number from 0 to below 1", values: [-0.1, 1, Number.NaN] },
    epsilon: { must: "a finite number above 0", values: [0, -1e-7, Number.NaN, Infinity] },
    weightDecay: { must: "a finite number ≥ 0", values: [-0.01, Number.NaN, Infinity] },
    l2: { must: "a finite number ≥ 0", values: [-1, Number.NaN, Infinity, "1"] },
    l1: { must: "a finite number ≥ 0", values: [-1, Number.NaN, Infinity, "1"] },
    C: { must: "a number above 0, or Infinity for no penalty", values: [0, -1, Number.NaN, "1"] },
    penaltyFactors: { must: "a list of numbers ≥ 0, one for each feature", values: [1, "1,0", null, {}] },
    reduction: { must: 'one of "mean", "sum"', values: ["average", 1] },
    intercept: { must: "true or false", values: [0, "no"] },
    standardize: { must: "true or false", values: [1, "yes", null] },
    labelSmoothing: { must: "a number from 0 to below 1", values: [-0.1, 1, Number.NaN, "0.1"] },
    classWeight: { must: "", values: ["equal", 2, true, null, [1, 2], new Set(["a"]), new Date(0)] },
    init: { must: '"zeros", "centroids" or a model', values: [null, 1, Symbol("init")] },
    validation: {
      must: "a fraction between 0 and 1, or data with x and y",
      values: [0, 1, -0.5, 7, Number.NaN, "0.1", null, [], { x: [[1]] }],
    },
    patience: { must: "a whole number ≥ 1", values: [0, -1, 1.5, Infinity] },
    seed: { must: "a whole number ≥ 0", values: [-1, 0.5, Number.NaN, 2 ** 53, "seed"] },
    shuffle: { must: "true or false", values: [1, "yes"] },
    parity: { must: "true or false", values: [1, "yes"] },
    onProgress: { must: "a function", values: [{}, true] },
    onWarning: { must: "a function", values: [{}, "print"] },
    signal: {
      must: "an AbortSignal",
      values: ["abort", 1, null, {}, new AbortController(), { [Symbol.toStringTag]: "AbortSignal" }],
    },
  };

describe("an option out of range", () => {
  const cases = Object.entries(OUT_OF_RANGE).flatMap(([option, { must, values }]) =>
    values.map((value) => ({
      option,
      value,
      must,
      shown: show(value),
    })),
  );

  test.each(cases)("is rejected: $option $shown", ({ option, value, must, shown }) => {
    const error = thrownBy(() => untypedTrainer(data, { [option]: value }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(`${option} is ${shown}, and must be ${must}`);
  });

  /** Values on which String() throws a TypeError, or that are easily taken for an object with options. */
  const odd: readonly unknown[] = [
    Symbol("s"),
    Object.create(null),
    10n,
    new Map(),
    new Date(0),
    [[1]],
    new Proxy({}, {}),
    Object.freeze({ toString: null }),
  ];
  const mapLike = (value: unknown) => value instanceof Map || show(value) === "an object";

  test.each(Object.keys(OUT_OF_RANGE))("is rejected whatever it is: %s", (option) => {
    for (const value of odd) {
      if (option === "classWeight" && mapLike(value)) continue;
      const error = thrownBy(() => untypedTrainer(data, { [option]: value }));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toMatch(new RegExp(`^${option}(\\.\\w+|\\[0\\])? is .*, and must be `));
    }
  });

  test.each([null, "sgd", 3, [], new Map([["solver", "sgd"]]), Symbol("options"), () => {}])(
    "may be all of them: %o",
    async (options) => {
      const error = thrownBy(() => untypedTrainer(data, options));
      expect(error).toBeInstanceOf(OptionError);
      expect(error.message).toBe(
        `options is ${show(options)}, and must be an object with options, or left out.`,
      );
      await expect(Reflect.apply(train, undefined, [data, options])).rejects.toThrow(OptionError);
      await expect(Reflect.apply(sweep, undefined, [data, options])).rejects.toThrow(OptionError);
    },
  );

  test("is in this table for every option there is", () => {
    const { message } = thrownBy(() => untypedTrainer(data, { learning_rate: 0.1 }));
    const [, options] = message.split("The options are ");
    expect(options.replace(/\.$/, "").split(", ")).toEqual(Object.keys(OUT_OF_RANGE));
  });
});

describe("an unknown option", () => {
  test.each(["lr", "Epochs", "toString", "constructor"])("is rejected by its name: %s", (name) => {
    const error = thrownBy(() => untypedTrainer(data, { [name]: 1 }));
    expect(error.name).toBe("OptionError");
    expect(error.message).toContain(`${name} is no option`);
  });

  test("that is undefined is as good as left out, like every option that is undefined", () => {
    const all = Object.fromEntries(Object.keys(OPTION_TABLE).map((name) => [name, undefined]));
    expect(parseOptions(all)).toEqual(parseOptions({}));
  });
});

describe("a schedule", () => {
  test.each([
    { schedule: "fast", message: 'learningRate is "fast", and must be a number, or a schedule' },
    { schedule: null, message: "learningRate is null, and must be a number, or a schedule" },
    {
      schedule: { rate: 0.1 },
      message: 'learningRate.kind is undefined, and must be one of "constant", "step", "cosine"',
    },
    { schedule: { kind: "linear", rate: 0.1 }, message: 'learningRate.kind is "linear"' },
    {
      schedule: { kind: "constant" },
      message: "learningRate.rate is undefined, and must be a finite number above 0",
    },
    { schedule: { kind: "constant", rate: 0 }, message: "learningRate.rate is 0" },
    {
      schedule: { kind: "constant", rate: 1, warmup: -1 },
      message: "learningRate.warmup is -1, and must be a finite number ≥ 0",
    },
    { schedule: { kind: "step", rate: 1, factor: 0.1 }, message: "learningRate.every is undefined" },
    { schedule: { kind: "step", rate: 1, every: 0, factor: 0.1 }, message: "learningRate.every is 0" },
    { schedule: { kind: "step", rate: 1, every: 2 }, message: "learningRate.factor is undefined" },
    { schedule: { kind: "step", rate: 1, every: 2, factor: -1 }, message: "learningRate.factor is -1" },
    { schedule: { kind: "cosine", rate: 1, final: -0.1 }, message: "learningRate.final is -0.1" },
    { schedule: { kind: "cosine", rate: 1, final: Number.NaN }, message: "learningRate.final is NaN" },
    {
      schedule: { kind: "cosine", rate: 1, warmup: 10 },
      message: "learningRate warms up for 10 epochs, but there are 10",
    },
  ])("is rejected by its part: $message", ({ schedule, message }) => {
    const error = thrownBy(() => untypedTrainer(data, { solver: "sgd", learningRate: schedule }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(message);
  });

  test("that is a number is that rate throughout", () => {
    expect(parseOptions({ solver: "sgd", learningRate: 0.25 }).schedule).toEqual({
      kind: "constant",
      rate: 0.25,
    });
  });
});

describe("options that contradict each other", () => {
  test.each([
    { solver: "gd", option: { batchSize: 8 }, solvers: "sgd, adam, adamw" },
    { solver: "gd", option: { shuffle: true }, solvers: "sgd, adam, adamw" },
    { solver: "gd", option: { momentum: 0.9 }, solvers: "sgd" },
    { solver: "gd", option: { sampling: "importance" }, solvers: "sgd" },
    { solver: "adam", option: { sampling: "uniform" }, solvers: "sgd" },
    { solver: "lbfgs", option: { sampling: "importance" }, solvers: "sgd" },
    { solver: "adam", option: { momentum: 0.9 }, solvers: "sgd" },
    { solver: "adamw", option: { nesterov: true }, solvers: "sgd" },
    { solver: "sgd", option: { beta1: 0.9 }, solvers: "adam, adamw" },
    { solver: "gd", option: { beta2: 0.9 }, solvers: "adam, adamw" },
    { solver: "sgd", option: { epsilon: 1e-8 }, solvers: "adam, adamw" },
    { solver: "adam", option: { weightDecay: 0.01 }, solvers: "adamw" },
    { solver: "lbfgs", option: { epochs: 3 }, solvers: "gd, sgd, adam, adamw" },
    { solver: "newton", option: { learningRate: 0.1 }, solvers: "gd, sgd, adam, adamw" },
    { solver: "newton", option: { memory: 5 }, solvers: "lbfgs" },
    { solver: "newton", option: { l1: 0.1 }, solvers: "lbfgs" },
    { solver: "adam", option: { l1: 0.1 }, solvers: "lbfgs" },
    { solver: "sgd", option: { tolerance: 1e-3 }, solvers: "lbfgs, newton" },
    { solver: "gd", option: { maxIterations: 9 }, solvers: "lbfgs, newton" },
  ])("are rejected: $option for $solver", ({ solver, option, solvers }) => {
    const error = thrownBy(() => untypedTrainer(data, { solver, ...option }));
    const [[name, value]] = Object.entries(option);
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toBe(
      `${name} is ${show(value)}, but solver is "${solver}": ${name} is for ${solvers}.`,
    );
  });

  test.each<{ options: TrainOptions<string>; message: string }>([
    { options: { solver: "sgd", nesterov: true }, message: "nesterov is true, but momentum is 0" },
    {
      options: { solver: "sgd", sampling: "importance", shuffle: false },
      message: 'sampling is "importance", but shuffle is false',
    },
    { options: { patience: 3 }, message: "patience is 3, but there is no validation" },
    { options: { C: 1, l2: 0.1 }, message: "C is 1 and l2 is 0.1" },
    { options: { epochs: 9 }, message: 'solver is "lbfgs", the default: epochs is for gd, sgd, adam, adamw' },
  ])("are rejected: $message", ({ options, message }) => {
    const error = thrownBy(() => trainer(data, options));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(message);
  });

  test.each([
    {
      options: { solver: "lbfgs", classWeight: "balanced" },
      message: "y is soft targets, and classWeight is given",
    },
    {
      options: { solver: "sgd", classWeight: "balanced" },
      message: "y is soft targets, and classWeight is given",
    },
  ])("are rejected: $message", ({ options, message }) => {
    const soft = { x: [[0], [1]], y: Float32Array.of(0.5, 0.5, 0, 1), classes: ["a", "b"] };
    const error = thrownBy(() => untypedTrainer(soft, options));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(message);
  });

  const device = { queue: {}, createBuffer() {}, createCommandEncoder() {} };

  test.each(["wasm", "reference"])("are rejected: a device for %s", (engine) => {
    const error = thrownBy(() => untypedTrainer(data, { engine, device }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toBe(`device is an object, but engine is "${engine}": device is for webgpu.`);
  });

  test.each([undefined, "auto", "webgpu"])("a device for %s is no contradiction", (engine) => {
    expect(() => untypedTrainer(data, { engine, device })).not.toThrow();
  });
});

describe("penaltyFactors", () => {
  test.each([
    [[1, -1], "penaltyFactors[1] is -1, and must be a finite number ≥ 0"],
    [[Infinity, 1], "penaltyFactors[0] is Infinity, and must be a finite number ≥ 0"],
    [[Number.NaN], "penaltyFactors[0] is NaN"],
    [["1"], 'penaltyFactors[0] is "1"'],
    [[1, 2], "penaltyFactors has 2 numbers, but x has rows of 1 features: give one for each."],
    [[], "penaltyFactors has 0 numbers, but x has rows of 1 features"],
  ])("are rejected: %j", (penaltyFactors, message) => {
    const error = thrownBy(() => untypedTrainer(data, { penaltyFactors }));
    expect(error).toBeInstanceOf(OptionError);
    expect(String(error)).toContain(message);
  });

  test("need a penalty", () => {
    const error = thrownBy(() => trainer(data, { solver: "sgd", penaltyFactors: [2] }));
    expect(error).toBeInstanceOf(OptionError);
    expect(String(error)).toContain('there is no penalty for them, as l2 is 0 for "sgd": give l2 or C.');
    expect(() => trainer(data, { solver: "sgd", penaltyFactors: [2], l2: 0.1 })).not.toThrow();
    expect(() => trainer(data, { penaltyFactors: [2] })).not.toThrow();
  });

  test("are copied", async () => {
    const penaltyFactors = Float32Array.of(4);
    const training = trainer(data, { engine: "reference", penaltyFactors });
    penaltyFactors[0] = 0;
    for await (const _ of training);
    const four = await train(data, { engine: "reference", penaltyFactors: [4] });
    expect(training.model.weights).toEqual(four.weights);
  });
});

describe("classWeight", () => {
  test.each([
    { classWeight: { a: -1 }, message: "classWeight of class a is -1, and must be a finite number ≥ 0" },
    { classWeight: { b: Number.NaN }, message: "classWeight of class b is NaN" },
    { classWeight: { a: Infinity }, message: "classWeight of class a is Infinity" },
    { classWeight: { a: "2" }, message: 'classWeight of class a is "2"' },
    { classWeight: { a: Object.create(null) }, message: "classWeight of class a is an object" },
    { classWeight: new Map([[Symbol("a"), 1]]), message: "classWeight names Symbol(a), which is no class" },
    { classWeight: new Map([["b", -0.5]]), message: "classWeight of class b is -0.5" },
    { classWeight: { c: 1 }, message: "classWeight names class c, which is not among the 2 classes (a, b)" },
    { classWeight: new Map([["c", 1]]), message: "classWeight names class c" },
  ])("is rejected: $message", ({ classWeight, message }) => {
    const error = thrownBy(() => untypedTrainer(data, { classWeight }));
    expect(error).toBeInstanceOf(OptionError);
    expect(error.message).toContain(message);
  });

  test("in a map of another realm counts as in one of this", async () => {
    const options = { engine: "reference", solver: "gd", epochs: 3 } as const;
    const foreign = runInNewContext('new Map([["a", 3]])');
    const [own, other, none] = await Promise.all([
      train(data, { ...options, classWeight: new Map([["a", 3]]) }),
      train(data, { ...options, classWeight: foreign }),
      train(data, options),
    ]);
    expect(other.weights).toEqual(own.weights);
    expect(other.weights).not.toEqual(none.weights);
  });

  test("of 0 for every class leaves nothing to train on", () => {
    const error = thrownBy(() => untypedTrainer(data, { classWeight: { a: 0, b: 0 } }));
    expect(error.name).toBe("DataError");
    expect(error.message).toContain("The weights of all 4 rows to train on are 0");
  });
});

describe("no penalty", () => {
  const options = { engine: "reference", maxIterations: 5 } as const;
  const noisy = { x: [[0], [1], [2], [3]], y: ["a", "b", "a", "b"] };

  test("is a C of Infinity", async () => {
    const [infinite, zero] = await Promise.all([
      train(noisy, { ...options, C: Infinity }),
      train(noisy, { ...options, l2: 0 }),
    ]);
    expect(infinite.weights).toEqual(zero.weights);
    expect(infinite.weights).not.toEqual((await train(noisy, options)).weights);
  });

  test("may be on a sweep's path", async () => {
    const { table } = await sweep(noisy, { ...options, C: [1, Infinity], folds: 2 });
    expect(table.map(({ C, l2 }) => ({ C, l2 }))).toEqual([
      { C: 1, l2: 0.25 },
      { C: Infinity, l2: 0 },
    ]);
  });
});

test("a tolerance of 0 is never met", async () => {
  const clouds = { x: [[0], [1], [2], [3]], y: ["a", "b", "a", "b"] };
  const model = await train(clouds, { engine: "reference", tolerance: 0, maxIterations: 3 });
  expect(model.converged).toBe(false);
});

describe("the defaults", () => {
  const shared = {
    engine: "auto",
    kernels: "auto",
    adapter: "high-performance",
    momentum: 0,
    sampling: "uniform",
    nesterov: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    l2: 0,
    l1: 0,
    reduction: "mean",
    intercept: true,
    standardize: false,
    labelSmoothing: 0,
    init: "zeros",
    patience: Infinity,
    seed: 0,
    parity: false,
    tolerance: 1e-5,
    maxIterations: 1000,
  };

  test.each([
    { solver: "gd", epochs: 100, rate: 0.5, rest: { shuffle: false, weightDecay: 0 } },
    { solver: "sgd", epochs: 10, rate: 0.1, rest: { batchSize: 512, shuffle: true, weightDecay: 0 } },
    { solver: "adam", epochs: 10, rate: 0.003, rest: { batchSize: 512, shuffle: true, weightDecay: 0 } },
    { solver: "adamw", epochs: 10, rate: 0.003, rest: { batchSize: 512, shuffle: true, weightDecay: 0.01 } },
  ] as const)("of $solver are the documented ones", ({ solver, epochs, rate, rest }) => {
    expect(parseOptions({ solver })).toEqual({
      ...shared,
      solver,
      epochs,
      schedule: { kind: "constant", rate },
      ...rest,
    });
  });

  test.each(["lbfgs", "newton"] as const)(
    "of %s have scikit-learn's penalty, unless one is given",
    (solver) => {
      expect(parseOptions({ solver })).toMatchObject({ C: 1, l1: 0 });
      expect(parseOptions({ solver, C: 3 }).C).toBe(3);
      expect(parseOptions({ solver, l2: 0 }).C).toBeUndefined();
      expect(parseOptions({ solver: "adam" }).C).toBeUndefined();
    },
  );

  test("with l1 have no other penalty", () => {
    expect(parseOptions({ l1: 0.1 })).toMatchObject({ l1: 0.1, l2: 0 });
    expect(parseOptions({ l1: 0.1 }).C).toBeUndefined();
  });

  test("are those of lbfgs", () => {
    expect(parseOptions({})).toEqual(parseOptions({ solver: "lbfgs" }));
  });
});

test("fields of data, models and schedules that are undefined are as good as left out", async () => {
  const bare = { scale: undefined, features: undefined };
  const full = { ...data, ...bare, weights: undefined, classes: undefined };
  const model = await train(full, { engine: "reference", validation: undefined });
  const { weights } = await train(data, { engine: "reference" });
  expect(model.weights).toEqual(weights);
  expect(model.predict({ x: data.x, ...bare })).toEqual(model.predict(data.x));
  const known = { l2: 1 / data.x.length, intercept: undefined };
  expect((await model.statistics(full, known)).standardErrors).toHaveLength(2);
  const learningRate = { kind: "cosine", rate: 0.1, final: undefined, warmup: undefined } as const;
  const more = { engine: "reference", solver: "sgd", epochs: 1, shuffle: false } as const;
  const begun = await train(data, { ...more, learningRate, init: { ...model, origin: undefined } });
  const same = await train(data, { ...more, learningRate: { kind: "cosine", rate: 0.1 }, init: model });
  expect(begun.weights).toEqual(same.weights);
});
