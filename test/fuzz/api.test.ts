/**
 * Calls the public API with odd values, right and wrong: each call must end in a result of finite numbers or
 * in an error of smigh's. SMIGH_FUZZ_SEED sets another seed, SMIGH_FUZZ_TIMES multiplies the number of calls.
 */
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { readIdx } from "../../src/data/index.js";
import { type SoftmaxModel, loadModel, sweep } from "../../src/index.js";
import { untypedTrain, untypedTrainer } from "../support/untyped.js";
import {
  type EngineName,
  type Shape,
  makeData,
  makeInputs,
  makeOptions,
  makeShape,
  makeSweepOptions,
} from "./data.js";
import { type Call, Outcomes } from "./outcome.js";
import { type Draw, drawAnything, once, pick } from "./values.js";

const SEED = Number(process.env["SMIGH_FUZZ_SEED"] ?? 12);
const TIMES = Number(process.env["SMIGH_FUZZ_TIMES"] ?? 1);
const TIMEOUT = { timeout: TIMES * 120_000 };

/**
 * Makes `runs` calls and returns their faults. Too few results or too few errors are a fault too, because the
 * calls then test only one half.
 */
async function fuzz(runs: number, callOf: (g: Draw) => Call): Promise<string[]> {
  const outcomes = new Outcomes();
  for (const g of fc.sample(fc.gen(), { seed: SEED, numRuns: TIMES * runs })) await outcomes.add(callOf(g));
  const { results, errors, faults } = outcomes;
  if (Math.min(results, errors) < (TIMES * runs) / 10) faults.push(`${results} results and ${errors} errors`);
  return faults;
}

/** Calls the function as JavaScript does, without types. */
function untyped(run: (...given: never[]) => unknown, self: unknown, given: readonly unknown[]): unknown {
  return Reflect.apply(run, self, given);
}

function ownErrors(chosen: unknown): unknown[] {
  const signal: unknown =
    typeof chosen === "object" && chosen !== null ? Reflect.get(chosen, "signal") : undefined;
  return signal instanceof AbortSignal ? [signal.reason] : [];
}

const ENGINES: readonly { engine: EngineName; runs: number }[] = [
  { engine: "reference", runs: 700 },
  { engine: "wasm", runs: 500 },
];

test.each(ENGINES)(`train on $engine, seed ${SEED}`, TIMEOUT, async ({ engine, runs }) => {
  const faults = await fuzz(runs, (g) => {
    const of = makeShape(g);
    const chosen = once(g, 40) ? drawAnything(g) : makeOptions(g, of, engine);
    const given = once(g, 40) ? drawAnything(g) : makeData(g, of, 4);
    return { run: () => untypedTrain(given, chosen), given: [given, chosen], own: ownErrors(chosen) };
  });
  expect(faults).toEqual([]);
});

test(`trainer, seed ${SEED}`, TIMEOUT, async () => {
  const faults = await fuzz(300, (g) => {
    const of = makeShape(g);
    const chosen = makeOptions(g, of, "reference");
    const given = makeData(g, of, 3);
    const most = pick(g, [1, 2, Infinity]);
    const run = async () => {
      const made = untypedTrainer(given, chosen);
      const seen: unknown[] = [];
      for await (const progress of made) if (seen.push(progress) === most) return seen;
      return [seen, made.model];
    };
    return { run, given: [given, chosen, most], own: ownErrors(chosen) };
  });
  expect(faults).toEqual([]);
});

test(`sweep, seed ${SEED}`, TIMEOUT, async () => {
  const faults = await fuzz(300, (g) => {
    const of = { ...makeShape(g), rows: pick(g, [6, 8, 12]) };
    const chosen = once(g, 40) ? drawAnything(g) : makeSweepOptions(g, of, "reference");
    const given = [once(g, 40) ? drawAnything(g) : makeData(g, of, 3), chosen];
    return { run: () => untyped(sweep, undefined, given), given, own: ownErrors(chosen) };
  });
  expect(faults).toEqual([]);
});

/** A model for each kind of features and labels, and the shape of its data. */
const MODELS: { readonly model: SoftmaxModel; readonly of: Shape }[] = [];

beforeAll(async () => {
  const x = [0, 1, 1, 0, 2, 2, 3, 1, 1, 3, 0, 2];
  const made = async (rows: unknown, classes: Shape["classes"], more = {}) => {
    const y = Array.from({ length: 6 }, (_, row) => classes[row % classes.length]);
    const model = await untypedTrain({ x: rows, y, ...more }, { engine: "reference" });
    MODELS.push({ model, of: { rows: 5, features: model.features, classes } });
  };
  await made(Float64Array.from(x), ["a", "b", "c"], { features: 2 });
  await made(Float32Array.from(x), [0, 1], { features: 2 });
  await made(Uint8Array.from(x), [true, false], { features: 2, scale: 0.5 });
  await made(Array.from({ length: 6 }, () => []), [1n, 0n, 2n ** 70n]); // prettier-ignore
});

test(`the methods of a model, seed ${SEED}`, TIMEOUT, async () => {
  const faults = await fuzz(1400, (g) => {
    const { model, of } = pick(g, MODELS);
    const labelled = () => (once(g, 20) ? drawAnything(g) : makeData(g, of, 4));
    const [method, given] = pick(g, [
      () => ["logits", [makeInputs(g, of, 4)]] as const,
      () => ["predictProba", [makeInputs(g, of, 4)]] as const,
      () => ["predict", [makeInputs(g, of, 4)]] as const,
      () => ["evaluate", [labelled()]] as const,
      () => ["examples", [labelled()]] as const,
      () => ["labelErrors", [labelled()]] as const,
      () => ["calibrate", [labelled()]] as const,
      () =>
        [
          "statistics",
          [labelled(), once(g, 4) ? drawAnything(g) : { l2: pick(g, [0.2, drawAnything(g)]) }],
        ] as const,
      () => ["save", once(g, 2) ? [] : [drawAnything(g)]] as const,
    ])();
    return { run: () => untyped(model[method], model, given), given: [method, ...given] };
  });
  expect(faults).toEqual([]);
});

test(`readIdx, seed ${SEED}`, TIMEOUT, async () => {
  const faults = await fuzz(300, (g) => {
    const values = g(fc.uint8Array, { maxLength: 12 });
    const type = pick(g, [8, 8, 8, 9, 11, 14, 0, 255]);
    const counted = once(g, 4) ? g(fc.nat, { max: 2 ** 32 - 1 }) : values.length;
    const size = new Uint8Array(4);
    new DataView(size.buffer).setUint32(0, counted);
    const file = Uint8Array.of(0, 0, type, pick(g, [1, 1, 1, 0, 2]), ...size, ...values);
    if (once(g, 8)) file[pick(g, [...file.keys()])] = pick(g, [0, 1, 31, 139, 255]);
    const given = [once(g, 6) ? drawAnything(g) : file];
    return { run: () => untyped(readIdx, undefined, given), given };
  });
  expect(faults).toEqual([]);
});

test(`loadModel, seed ${SEED}`, TIMEOUT, async () => {
  const saved = await Promise.all(MODELS.map(({ model }) => model.save()));
  const files = saved.map((bytes) => new TextDecoder().decode(bytes));
  const faults = await fuzz(500, (g) => {
    let file = pick(g, files);
    if (once(g, 2)) {
      const token = pick(g, [...file.matchAll(/"[^"]*"|-?[\d.e+-]+|true|false|null/g)]);
      const other = pick(g, [
        "null",
        "1e999",
        "-1",
        "0",
        "1",
        '""',
        '"a"',
        "[]",
        "{}",
        "true",
        '{"__proto__":1}',
      ]);
      file = file.slice(0, token.index) + other + file.slice(token.index + token[0].length);
    }
    const cut = file.slice(0, g(fc.nat, { max: file.length }));
    const forms = [file, file, new TextEncoder().encode(file), cut, parsed(file)];
    const given = [once(g, 10) ? drawAnything(g) : pick(g, forms)];
    const run = async () => {
      const model: SoftmaxModel = Reflect.apply(loadModel, undefined, given);
      const row = Array.from({ length: model.features }, () => 1);
      return [model, model.predictProba([row]), await model.save()];
    };
    return { run, given };
  });
  expect(faults).toEqual([]);
});

/** The text parsed as JSON, or the text itself if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
