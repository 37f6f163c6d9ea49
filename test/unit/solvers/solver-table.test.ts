/** A solver is a row of one table, and an option a row of another: tests add one of each and use it. */
import { beforeAll, expect, test, vi } from "vitest";
import type * as library from "../../../src/index.js";
import { SOLVERS, SOLVER_NAMES } from "../../../src/solvers/solver-table.js";
import { OPTION_TABLE } from "../../../src/train/option-table.js";
import { parseOptions } from "../../../src/train/options.js";

const named = new Set(Object.values(SOLVERS).flatMap(({ reads }) => reads));

test("solvers read options that there are, and only descents have rules", () => {
  expect([...named].filter((name) => !Object.hasOwn(OPTION_TABLE, name))).toEqual([]);
  for (const name of SOLVER_NAMES) {
    const { kind, rule } = SOLVERS[name];
    expect(rule !== undefined, name).toBe(kind === "descent");
  }
});

test("defaults are the table's, or the solver's own", () => {
  expect(parseOptions({})).toMatchObject({
    solver: "lbfgs",
    tolerance: 1e-5,
    C: 1,
    shuffle: false,
    engine: "auto",
  });
  expect(parseOptions({}).batchSize).toBeUndefined();
  expect(parseOptions({ solver: "gd" })).toMatchObject({
    epochs: 100,
    schedule: { kind: "constant", rate: 0.5 },
  });
  expect(parseOptions({ solver: "sgd" })).toMatchObject({ epochs: 10, batchSize: 512, shuffle: true });
  expect(parseOptions({ solver: "adamw" }).weightDecay).toBe(0.01);
  expect(parseOptions({ solver: "adam" })).toMatchObject({ weightDecay: 0, beta2: 0.999 });
});

test("an option that is undefined has its default", () => {
  expect(settingsWith({ tolerance: undefined, C: undefined })).toMatchObject({ tolerance: 1e-5, C: 1 });
  expect(Object.values(settingsWith({ tolerance: undefined, signal: undefined }))).not.toContain(undefined);
});

let smigh: typeof library;
let flags: Readonly<Record<string, { readonly type: string }>>;
let settingsWith: (options: object) => object;

beforeAll(async () => {
  vi.resetModules();
  const solvers = await import("../../../src/solvers/solver-table.js");
  // Half of each gradient, in steps of its own.
  Reflect.set(solvers.SOLVERS, "halved", {
    kind: "descent",
    reads: ["epochs", "learningRate", "reduction", "batchSize", "shuffle", "haste"],
    defaults: { epochs: 3, learningRate: 0.2 },
    rule: () => ({ kind: "sgd", momentum: 0.5, nesterov: false }),
  });
  Reflect.apply(Array.prototype.push, solvers.SOLVER_NAMES, ["halved"]);
  const options = await import("../../../src/train/options.js");
  const table = await import("../../../src/train/option-table.js");
  Reflect.set(table.OPTION_TABLE, "haste", {
    check: (name: string, value: unknown) => {
      if (value !== "more") throw new TypeError(`${name} is ${String(value)}`);
    },
    default: "none",
  });
  smigh = await import("../../../src/index.js");
  flags = (await import("../../../src/cli/arguments.js")).TRAIN_FLAGS;
  settingsWith = (given) => options.parseOptions(given);
});

test("a new solver is a row: it trains, with its own defaults", async () => {
  const data = { x: [[0], [1], [2], [3]], y: ["a", "a", "b", "b"] };
  const model: library.SoftmaxModel<string> = await Reflect.apply(smigh.train, undefined, [
    data,
    { solver: "halved", engine: "reference" },
  ]);
  expect(model.reason).toBe("all 3 epochs are done");
  expect((await model.evaluate(data)).loss).toBeLessThan(Math.log(2));
});

test("a new solver is refused what it does not read", () => {
  expect(() => settingsWith({ solver: "halved", beta1: 0.5 })).toThrow("beta1 is for adam, adamw");
  expect(() => settingsWith({ solver: "hasty" })).toThrow(/solver is "hasty", and must be one of .*"halved"/);
});

test("a new option is a row: it is checked, has a flag, and reaches the solvers that read it", () => {
  expect(settingsWith({ solver: "halved", haste: "more" })).toMatchObject({ haste: "more" });
  expect(() => settingsWith({ solver: "halved", haste: "less" })).toThrow("haste is less");
  expect(() => settingsWith({ haste: "more" })).toThrow("haste is for halved");
  expect(flags["haste"]).toEqual({ type: "string" });
});
