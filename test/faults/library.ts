/**
 * Faults in what callers pass to the published library, in `dist`: signals, arrays, callbacks, model files.
 */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type * as library from "../../src/index.js";
import type { Fault, Outcome } from "./fault.js";

const dist = join(import.meta.dirname, "../../dist");
const { loadModel, sweep, train, trainer, DataError, ModelFileError, TrainerError }: typeof library =
  await import(pathToFileURL(join(dist, "index.js")).href);

const ROWS = 60;
/** Whole numbers up to 12, which fit any type of features. */
const valueAt = (i: number) => (i * i + 3 * i) % 13;
const X = Array.from({ length: ROWS }, (_, row) => [valueAt(2 * row), valueAt(2 * row + 1)]);
const labelOf = ([a, b]: readonly number[], row: number) => (a > b || row % 5 === 0 ? "more" : "less");

type Options = library.TrainOptions<string>;

/** Labels unique to a fit, which identify its model. */
const dataOf = (fit: number) => ({ x: X, y: X.map((row, n) => `${labelOf(row, n)} in fit ${fit}`) });

/** The value that the promise rejects with, or undefined if it resolves. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Several fits share one signal, which aborts while all of them are under way. */
async function sharedSignal(engine: "wasm" | "reference"): Promise<Outcome> {
  const controller = new AbortController();
  const reason = new Error("stopped by the caller");
  const options: Options = { engine, solver: "gd", epochs: 1e6, signal: controller.signal };
  const fits = [1, 2, 3].map((n) => trainer(dataOf(n), options));
  const running = fits.map((fit) => fit[Symbol.asyncIterator]());
  for (const steps of running) for (let turn = 0; turn < 3; turn++) await steps.next();
  controller.abort(reason);
  const errors = await Promise.all(running.map((steps) => rejection(steps.next())));
  if (errors.some((error) => error !== reason)) return "unclear";
  if (Object.hasOwn(reason, "model")) return "silent"; // of an unknown fit
  return fits.every(({ model }, n) => String(model.classes[0]).endsWith(`fit ${n + 1}`))
    ? "recovered"
    : "silent";
}

async function abortedBeforeFirst(): Promise<Outcome> {
  const signal = AbortSignal.abort("stopped by the caller");
  const fit = trainer(dataOf(1), { engine: "wasm", signal });
  if ((await rejection(fit[Symbol.asyncIterator]().next())) !== signal.reason) return "unclear";
  try {
    return fit.model ? "silent" : "unclear";
  } catch (error) {
    return error instanceof TrainerError && /before the first iteration/.test(error.message)
      ? "named"
      : "unclear";
  }
}

async function leftByBreak(): Promise<Outcome> {
  const fit = trainer(dataOf(1), { engine: "wasm", solver: "gd", epochs: 1e6 });
  for await (const { iteration } of fit) if (iteration >= 3) break;
  return fit.model?.iterations > 0 ? "recovered" : "silent";
}

/** Data as a caller may hold them, and a way to overwrite them. */
interface Held {
  readonly data: library.TrainingData<string>;
  overwrite(): void;
}

const y = () => X.map(labelOf);
/** (rows × features) */
const values = X.flat();

const HELD: Readonly<Record<string, () => Held>> = {
  ...Object.fromEntries(
    [Float32Array, Float64Array, Uint8Array].map((Type) => [
      `x, a ${Type.name},`,
      () => {
        const x = Type.from(values);
        return { data: { x, y: y(), features: 2 }, overwrite: () => void x.fill(7) };
      },
    ]),
  ),
  "x on shared memory": () => {
    const x = new Float32Array(new SharedArrayBuffer(4 * values.length));
    x.set(values);
    return { data: { x, y: y(), features: 2 }, overwrite: () => void x.fill(7) };
  },
  "x, rows of numbers,": () => {
    const x = X.map((row) => [...row]);
    return { data: { x, y: y() }, overwrite: () => x.forEach((row) => row.fill(7)) };
  },
  y: () => {
    const labels = y();
    return { data: { x: X, y: labels }, overwrite: () => void labels.fill("less") };
  },
  weights: () => {
    const weights = Float32Array.from(X, (_, row) => 1 + (row % 3));
    return { data: { x: X, y: y(), weights }, overwrite: () => void weights.fill(0) };
  },
};

/** The caller reuses an array as soon as `train` has returned its promise. */
async function overwritten(hold: () => Held, options: Options): Promise<Outcome> {
  const right = await train(hold().data, options);
  const { data, overwrite } = hold();
  const fit = train(data, options);
  overwrite();
  try {
    const { weights } = await fit;
    return weights.every((weight, i) => weight === right.weights[i]) ? "recovered" : "silent";
  } catch (error) {
    return error instanceof DataError ? "named" : "unclear";
  }
}

/** The fit must reject with the callback's error and leave no unhandled rejection in the process. */
async function rejected(fit: (callback: () => Promise<never>) => Promise<unknown>): Promise<Outcome> {
  const uncaught: unknown[] = [];
  const hear = (error: unknown) => void uncaught.push(error);
  process.on("unhandledRejection", hear);
  const own = new Error("the caller's own");
  try {
    const error = await rejection(fit(() => Promise.reject(own)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (uncaught.length > 0) return "unclear"; // it would have ended the process
    if (error === undefined) return "silent";
    return error === own ? "named" : "unclear";
  } finally {
    process.off("unhandledRejection", hear);
  }
}

const CALLBACKS: readonly Fault[] = (
  [
    ["onProgress", (onProgress) => train(dataOf(1), { engine: "reference", onProgress })],
    [
      "onProgress on the wasm engine",
      (onProgress) => train(dataOf(1), { engine: "wasm", solver: "sgd", epochs: 3, onProgress }),
    ],
    [
      "onWarning",
      (onWarning) => train(dataOf(1), { engine: "reference", maxIterations: 1, tolerance: 1e-9, onWarning }),
    ],
    [
      "onProgress of a sweep",
      (onProgress) => sweep(dataOf(1), { engine: "reference", C: [1, 10], folds: 2, onProgress }),
    ],
  ] satisfies [string, Parameters<typeof rejected>[0]][]
).map(([name, fit]) => ({ name: `${name} rejects`, item: 24, run: () => rejected(fit) }));

/** The file text of a model trained on bytes. */
async function modelText(): Promise<string> {
  const x = Uint8Array.from(values);
  const model = await train({ x, y: y(), features: 2 }, { engine: "reference", C: 1 });
  return new TextDecoder().decode(await model.save());
}

/** Replaces the part of that name by any JSON. */
function replacing(part: string, json: string): (text: string) => string {
  return (text) =>
    text.replace(new RegExp(`"${part}": ?(\\[\\n[^]*?\\n {2}\\]|\\[[^\\]]*\\]|"[^"]*"|[^,\\n]*)`), () => {
      return `"${part}": ${json}`;
    });
}

const deep = "[".repeat(100_000) + "]".repeat(100_000);

const HOSTILE: Readonly<Record<string, (text: string) => string>> = {
  "1e999 as a bias": replacing("bias", "[1e999, 0]"),
  "a bias of null": replacing("bias", "[null, 0]"),
  "1e999 as a weight": replacing("weights", "[[1e999, 0], [0, 0]]"),
  "a weight beyond f32": replacing("weights", "[[1e39, 0], [0, 0]]"),
  "a bias too many": replacing("bias", "[0, 0, 0]"),
  "a scale of 0": replacing("scale", "0"),
  "a scale of 1e999": replacing("scale", "1e999"),
  "a class twice": replacing("classes", '["less", "less"]'),
  "one class": replacing("classes", '["less"]'),
  "classes of another type": replacing("classes", "[1, 2]"),
  "features that the weights do not match": replacing("features", "3"),
  "−1 features": replacing("features", "-1"),
  "rows of weights of different lengths": replacing("weights", "[[0, 0], [0]]"),
  "no weights": replacing("weights", "null"),
  "a reason that is a number": replacing("reason", "5"),
  "a history that is an object": replacing("history", "{}"),
  "deep nesting as weights": replacing("weights", deep),
  "deep nesting as a whole": () => deep,
  "a version to come": replacing("version", "99"),
  "half the file": (text) => text.slice(0, text.length / 2),
  "an empty file": () => "",
  "JSON of another kind": () => "[]",
};

async function loadHostile(damage: (text: string) => string): Promise<Outcome> {
  const text = await modelText();
  const damaged = damage(text);
  if (damaged === text) throw new Error("The model file has no such part.");
  try {
    loadModel(new TextEncoder().encode(damaged));
    return "silent";
  } catch (error) {
    return error instanceof ModelFileError ? "named" : "unclear";
  }
}

export const libraryFaults: readonly Fault[] = [
  { name: "one signal for three fits, wasm", item: 14, run: () => sharedSignal("wasm") },
  { name: "one signal for three fits, reference", item: 14, run: () => sharedSignal("reference") },
  { name: "a signal that aborted before the first iteration", item: 14, run: abortedBeforeFirst },
  { name: "a loop that is left by break", item: 14, run: leftByBreak },
  ...Object.entries(HELD).flatMap(([name, hold]) =>
    (["lbfgs", "sgd"] as const).map((solver) => ({
      name: `${name} is overwritten after train() returned, ${solver}`,
      item: 15,
      run: () =>
        overwritten(hold, { engine: "wasm", solver, ...(solver === "lbfgs" ? { C: 1 } : { epochs: 3 }) }),
    })),
  ),
  ...Object.entries(HOSTILE).map(([name, damage]) => ({
    name: `a model file of ${name}`,
    item: 23,
    run: () => loadHostile(damage),
  })),
  ...CALLBACKS,
];
