/** Tests how models are saved as JSON and read again. */
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Label,
  ModelFileError,
  OptionError,
  SmighError,
  loadModel,
  train,
} from "../../../../src/index.js";
import { show } from "../../../../src/core/show.js";
import { clouds } from "../../../support/examples.js";
import { modelOf } from "../../../support/models.js";
import { rejectedBy, thrownBy } from "../../../support/untyped.js";

const { x, y, features } = clouds(30, 3, 3, 1);
const TRAINED = await train(
  { x, y: y.map((label) => ["ant", "bee", "cat"][label]), features },
  { engine: "reference", solver: "adam", epochs: 3, batchSize: 10, validation: 0.2, parity: true },
);
const FILE = await TRAINED.save();
const TEXT = new TextDecoder().decode(FILE);

/** The file's bytes within a larger buffer. */
function within(buffer: ArrayBufferLike): Uint8Array {
  const bytes = new Uint8Array(buffer, 5, FILE.length);
  bytes.set(FILE);
  return bytes;
}

function sharedBuffer(): ArrayBufferLike {
  const buffer = new SharedArrayBuffer(FILE.length);
  new Uint8Array(buffer).set(FILE);
  return buffer;
}

/** The file's bytes in memory of another realm. */
function foreign(expression: string): object {
  return runInNewContext(`const bytes = Uint8Array.from(values); ${expression}`, { values: [...FILE] });
}

/** Replaces parts of `training`. */
function training(change: object): object {
  return { training: { ...JSON.parse(TEXT).training, ...change } };
}

function outcomeOf(load: () => unknown): string {
  try {
    load();
    return "loads";
  } catch (error) {
    return error instanceof SmighError ? "SmighError" : String(error);
  }
}

describe("a saved model", () => {
  test("comes back with all its parts", () => {
    expect(loadModel(FILE)).toEqual(TRAINED);
    expect(loadModel(TEXT)).toEqual(TRAINED);
    expect(loadModel(FILE.buffer)).toEqual(TRAINED);
    expect(loadModel(JSON.parse(TEXT))).toEqual(TRAINED);
    expect(loadModel(TRAINED.toJSON())).toEqual(TRAINED);
    expect(loadModel(JSON.stringify(TRAINED))).toEqual(TRAINED);
    expect(loadModel(TRAINED)).toEqual(TRAINED);
    expect(TRAINED.history[2].validation?.loss).toBeGreaterThan(0);
    expect(TRAINED.parity?.steps).toBe(4);
  });

  test.each<{ kind: string; file: () => object }>([
    { kind: "a view within a larger buffer", file: () => within(new ArrayBuffer(FILE.length + 9)) },
    { kind: "shared memory", file: () => within(new SharedArrayBuffer(FILE.length + 9)) },
    { kind: "a buffer of shared memory", file: () => sharedBuffer() },
    { kind: "a DataView", file: () => new DataView(FILE.buffer) },
    { kind: "bytes of another realm", file: () => foreign("bytes") },
    { kind: "a buffer of another realm", file: () => foreign("bytes.buffer") },
    { kind: "an object of another realm", file: () => runInNewContext(`(${TEXT})`) },
  ])("comes back from $kind", ({ file }) => {
    expect(loadModel(file())).toEqual(TRAINED);
  });

  test("as an object is plain data, the same as in the file", () => {
    expect(JSON.parse(JSON.stringify(TRAINED.toJSON()))).toEqual(JSON.parse(TEXT));
    expect(Object.getPrototypeOf(TRAINED.toJSON())).toBe(Object.prototype);
  });

  test("of version 1 is read, with its bias as the f32 that it was", () => {
    const { origin: _, training, ...rest } = JSON.parse(TEXT);
    const { warnings: __, ...older } = training;
    const loaded = loadModel({ ...rest, version: 1, bias: [0.1, -0.3, 0.200000003], training: older });
    expect(loaded.bias).toEqual(Float64Array.of(0.1, -0.3, 0.200000003).map(Math.fround));
    expect(loaded.weights).toEqual(TRAINED.weights);
    expect(loaded.warnings).toEqual([]);
    expect(loaded.origin).toBeUndefined();
    const { message } = thrownBy(() =>
      loadModel({ ...rest, version: 1, bias: [1e39, 0, 0], training: older }),
    );
    expect(message).toContain("bias[0] is 1e+39, and must be at most 3.4e38");
  });

  test("keeps its origin, its warnings and every digit of its bias", async () => {
    const model = modelOf(
      ["a", "b"],
      [
        [1, -1],
        [0.5, 2],
      ],
      [Math.PI, -1e300],
      {
        origin: Float64Array.of(1.7e12 + 1 / 3, -0.1),
        warnings: [{ code: "not-converged", message: "The training has not converged." }],
      },
    );
    const loaded = loadModel(await model.save());
    expect(loaded).toEqual(model);
    expect(loaded.bias).toEqual(Float64Array.of(Math.PI, -1e300));
  });

  test("keeps a scale below 0, with which it can be trained", async () => {
    const inverse = { x: Uint8Array.of(0, 90, 200, 255), y: [0, 0, 1, 1], features: 1, scale: -1 / 255 };
    const model = await train(inverse, { engine: "reference", solver: "gd", epochs: 1 });
    expect(loadModel(await model.save())).toEqual(model);
  });

  test("of an engine that was infinitely wrong comes back so", async () => {
    const parity = { rho: Infinity, stages: { logits: Infinity, loss: 0.5 }, steps: 1, examples: 3 };
    const model = modelOf(["a", "b"], [[1, -1]], [0, 0], { parity });
    expect(loadModel(await model.save()).parity).toEqual(parity);
  });

  test("predicts as it did, to the bit", () => {
    const loaded = loadModel(FILE);
    expect(loaded.logits(x)).toEqual(TRAINED.logits(x));
    expect(loaded.predict(x)).toEqual(TRAINED.predict(x));
  });

  test("and saved again is the same file", async () => {
    expect(await loadModel(FILE).save()).toEqual(FILE);
  });

  test("has no validation and no parity where there was none", async () => {
    const plain = await train({ x, y, features }, { engine: "reference", solver: "gd", epochs: 1 });
    const loaded = loadModel(await plain.save());
    expect(loaded).toEqual(plain);
    expect(loaded.parity).toBeUndefined();
    expect(loaded.history[0].validation).toBeUndefined();
  });

  test("is JSON that a person can read: a row of weights a line", () => {
    expect(JSON.parse(TEXT)).toMatchObject({
      format: "smigh-model",
      version: 2,
      labelType: "string",
      classes: ["ant", "bee", "cat"],
      features: 3,
      weights: [
        [expect.any(Number), expect.any(Number), expect.any(Number)],
        expect.anything(),
        expect.anything(),
      ],
    });
    expect(TEXT.split("\n").filter((line) => /^ {4}\[.*\],?$/.test(line))).toHaveLength(3);
  });

  test("keeps every f32 exactly, from the smallest to the largest", async () => {
    // −0 is read back as 0, which is the same number.
    const singles = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
      minLength: 6,
      maxLength: 6,
    });
    const extremes = [
      2 ** -149,
      -(2 ** -126),
      3.4028234663852886e38,
      Math.fround(0.1),
      16777217,
      1 + 2 ** -23,
    ];
    await fc.assert(
      fc.asyncProperty(singles, async (values) => {
        const model = modelOf(["a", "b"], [values.slice(0, 2), values.slice(2, 4)], values.slice(4));
        const loaded = loadModel(await model.save());
        model.weights.forEach((weight, i) => expect(loaded.weights[i] === weight).toBe(true));
        model.bias.forEach((weight, k) => expect(loaded.bias[k] === weight).toBe(true));
      }),
      { numRuns: 300, examples: [[extremes]] },
    );
  });

  test.each<{ kind: string; classes: Label[] }>([
    {
      kind: "strings, with quotes, newlines and emoji in them",
      classes: ['say "no"', "line\nbreak", "", "🐝", "\\"],
    },
    { kind: "whole numbers, negative and large", classes: [-3, 0, 2 ** 53 - 1] },
    { kind: "booleans", classes: [false, true] },
    { kind: "bigints beyond 2⁵³", classes: [-1n, 2n ** 64n, 2n ** 64n + 1n] },
    { kind: "strings that look like numbers", classes: ["1", "2", "true", "null"] },
  ])("keeps the type of its labels: $kind", async ({ classes }) => {
    const model = modelOf(classes, [classes.map((_, k) => k)]);
    const loaded = loadModel(await model.save());
    expect(loaded.classes).toEqual(classes);
    expect(loaded.predict([[1]])).toEqual([classes.at(-1)]);
  });
});

describe("a model file that is none", () => {
  test.each([
    {
      part: "a weight",
      from: /"weights": \[\n {4}\[[^,]+/,
      to: '"weights": [\n    [1e999',
      message: "weights[0][0]",
    },
    { part: "the bias", from: /"bias": \[[^,]+/, to: '"bias": [-1e999', message: "bias[0]" },
    { part: "the loss", from: /"loss":[^,]+/, to: '"loss":1e999', message: "training.history[0].loss" },
  ])("is rejected when a number overflows: $part", ({ from, to, message }) => {
    const text = TEXT.replace(from, to);
    expect(text).toContain("1e999");
    const error = thrownBy(() => loadModel(text));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(/ is -?Infinity, and must be a finite number/);
    expect(error.message).toContain(message);
  });

  test("is rejected when it is cut off anywhere", () => {
    const end = TEXT.trimEnd().length;
    for (let length = 0; length < end; length++) {
      expect(() => loadModel(FILE.subarray(0, length))).toThrow(ModelFileError);
    }
    expect(thrownBy(() => loadModel(FILE.subarray(0, 200))).message).toMatch(
      /^This is no model file, or it is truncated/,
    );
  });

  test.each<{ kind: string; file: Uint8Array | string; message: string }>([
    { kind: "a PNG", file: Uint8Array.of(0x89, 0x50, 0x4e, 0x47), message: "its 4 bytes are not UTF-8 text" },
    { kind: "an IDX file", file: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0), message: "This is no model file" },
    { kind: "text", file: "label,pixel0", message: "This is no model file, or it is truncated" },
    { kind: "an empty file", file: "", message: "This is no model file, or it is truncated" },
    { kind: "a list", file: "[1, 2]", message: "the file is a list of 2 values, and must be an object" },
    { kind: "null", file: "null", message: "the file is null, and must be an object" },
    {
      kind: "JSON of something else",
      file: '{"weights": [1]}',
      message: 'its format is missing, not "smigh-model"',
    },
    {
      kind: "another library's model",
      file: '{"format": "layers-model"}',
      message: 'its format is "layers-model"',
    },
    {
      kind: "a later version",
      file: '{"format": "smigh-model", "version": 3}',
      message: "The model is of version 3, and this release reads versions 1 and 2",
    },
  ])("is rejected: $kind", ({ file, message }) => {
    const error = thrownBy(() => loadModel(file));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.name).toBe("ModelFileError");
    expect(error.message).toContain(message);
  });

  test.each([undefined, null, 7, true, Symbol("model"), () => {}])("is rejected: %o", (file) => {
    const error = thrownBy(() => Reflect.apply(loadModel, undefined, [file]));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toBe(`A model is bytes, text or an object, and this is ${show(file)}.`);
  });

  test("is rejected when it is nested deeper than any stack", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const files = [deep, TEXT.replace('"classes": ["ant"', `"classes": [${deep}`), `{"format": ${deep}}`];
    for (const file of files) expect(() => loadModel(file)).toThrow(ModelFileError);
    let nested: object = {};
    for (let n = 0; n < 200_000; n++) nested = { nested };
    expect(() => loadModel(nested)).toThrow(ModelFileError);
  });

  test("is rejected when JSON can't hold it", () => {
    const circular: Record<string, unknown> = JSON.parse(TEXT);
    circular["training"] = circular;
    expect(() => loadModel(circular)).toThrow(ModelFileError);
    expect(() => loadModel({ ...JSON.parse(TEXT), features: 3n })).toThrow(ModelFileError);
    const error = thrownBy(() => loadModel({ ...TRAINED }));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toContain("its format is missing");
  });

  test("changes nothing else, whatever its keys are", () => {
    const keys =
      '"__proto__": {"polluted": 1, "scale": 2, "origin": [1, 2, 3]}, ' +
      '"constructor": {"prototype": {"polluted": 1}},';
    const loaded = loadModel(TEXT.replace("{", `{${keys}`).replace('"training": {', `"training": {${keys}`));
    expect(loaded).toEqual(TRAINED);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("takes no memory for sizes that it only claims", () => {
    const classes = Array.from({ length: 100_000 }, (_, k) => `c${k}`);
    const rows = Array.from({ length: 100_000 }, () => []);
    const claim = {
      ...JSON.parse(TEXT),
      classes,
      bias: classes.map(() => 0),
      features: rows.length,
      weights: rows,
    };
    const error = thrownBy(() => loadModel(claim));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toContain("weights[0] has 0 values, and must have 100000");
    const other = thrownBy(() => loadModel({ ...JSON.parse(TEXT), features: 2 ** 52 }));
    expect(other.message).toContain(`The model has ${2 ** 52} features, but weights has 3 rows.`);
  });

  test("is rejected when a part is damaged, in any way, and never with another error", () => {
    const parts: [object: Record<string, unknown>, key: string][] = [];
    const file = JSON.parse(TEXT);
    const collect = (value: unknown) => {
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        parts.push([value as Record<string, unknown>, key]);
        collect(Reflect.get(value, key));
      }
    };
    collect(file);
    expect(parts.length).toBeGreaterThan(60);
    for (const [object, key] of parts) {
      const kept = object[key];
      for (const wrong of [null, [], {}, "x", true, -1.5, 1e39]) {
        object[key] = wrong;
        expect(outcomeOf(() => loadModel(JSON.stringify(file)).predictProba(x))).toMatch(
          /^(loads|SmighError)$/,
        );
      }
      object[key] = kept;
    }
  });

  test.each<{ change: object; message: string }>([
    { change: { features: 4 }, message: "The model has 4 features, but weights has 3 rows." },
    { change: { features: "3" }, message: 'features is "3", and must be a whole number ≥ 0' },
    { change: { weights: undefined }, message: "weights is missing, and must be a list" },
    {
      change: {
        weights: [
          [1, 2, 3],
          [1, 2],
          [1, 2, 3],
        ],
      },
      message: "weights[1] has 2 values, and must have 3",
    },
    {
      change: {
        weights: [
          [1, 2, 3],
          [1, 2, null],
          [1, 2, 3],
        ],
      },
      message: "weights[1][2] is null, and must be a finite number",
    },
    { change: { bias: [1] }, message: "bias has 1 values, and must have 3" },
    { change: { classes: "abc" }, message: 'classes is "abc", and must be a list' },
    { change: { classes: ["a", "b"] }, message: "has 3 values, and must have 2" },
    { change: { labelType: "number" }, message: 'classes[0] is "ant", and must be of type "number"' },
    { change: { labelType: "object" }, message: 'classes[0] is "ant", and must be of type "object"' },
    { change: { scale: null }, message: "scale is null, and must be a finite number" },
    { change: { scale: 0 }, message: "scale is 0, and must be other than 0" },
    { change: { scale: "0.5" }, message: 'scale is "0.5", and must be a finite number' },
    { change: { features: 2.5 }, message: "features is 2.5, and must be a whole number ≥ 0" },
    { change: { features: -3 }, message: "features is -3, and must be a whole number ≥ 0" },
    { change: { classes: ["ant", "bee", "ant"] }, message: "classes names 2 different classes in 3" },
    { change: { classes: ["ant"] }, message: "classes names 1 different classes in 1" },
    { change: { classes: [] }, message: "classes names 0 different classes in 0" },
    {
      change: { labelType: "number", classes: [0, 0.5, 1] },
      message: 'classes[1] is 0.5, and must be of type "number", and a string, a whole number',
    },
    {
      change: { labelType: "bigint", classes: ["1", "2", "three"] },
      message: 'classes[2] is "three", and must be of type "bigint"',
    },
    { change: { bias: [0, 0, "0"] }, message: 'bias[2] is "0", and must be a finite number' },
    { change: { origin: [0, 0] }, message: "origin has 2 values, and must have 3" },
    { change: { origin: null }, message: "origin is null, and must be a list" },
    {
      change: {
        weights: [
          [1, 2, 3],
          [1e39, 0, 0],
          [0, 0, 0],
        ],
      },
      message: "weights[1][0] is 1e+39, and must be at most 3.4e38",
    },
    { change: { training: null }, message: "training is null, and must be an object" },
    {
      change: { training: { options: { seed: null } } },
      message: "training.options.seed is null, and must be an object",
    },
    {
      change: { training: { data: { rows: -1 } } },
      message: "training.data.rows is -1, and must be a whole number ≥ 0",
    },
    { change: { training: { history: {} } }, message: "training.history is an object, and must be a list" },
    {
      change: { training: { history: [{}] } },
      message: "training.history[0].epoch is missing, and must be a whole number ≥ 0",
    },
    { change: { training: { history: [7] } }, message: "training.history[0] is 7, and must be an object" },
    {
      change: training({ converged: "yes" }),
      message: 'training.converged is "yes", and must be true or false',
    },
    { change: training({ reason: undefined }), message: "training.reason is missing, and must be a string" },
    {
      change: training({ reason: { toString: null } }),
      message: "training.reason is an object, and must be",
    },
    {
      change: training({ iterations: 0.5 }),
      message: "training.iterations is 0.5, and must be a whole number ≥ 0",
    },
    {
      change: training({ warnings: undefined }),
      message: "training.warnings is missing, and must be a list",
    },
    {
      change: training({ warnings: [{ code: "a" }] }),
      message: "training.warnings[0].message is missing, and must be a string",
    },
    { change: training({ engine: null }), message: "training.engine is null, and must be an object" },
    {
      change: training({ engine: { name: "wasm" } }),
      message: "training.engine.adapter is missing, and must be a string",
    },
    { change: training({ parity: { stages: {} } }), message: "training.parity.rho is missing" },
  ])("is rejected when a part is damaged: $message", ({ change, message }) => {
    const error = thrownBy(() => loadModel(JSON.stringify({ ...JSON.parse(TEXT), ...change })));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toContain(message);
  });
});

test("save rejects a format that it cannot write", async () => {
  const error = await rejectedBy(Reflect.apply(TRAINED.save, TRAINED, ["onnx"]));
  expect(error).toBeInstanceOf(OptionError);
  expect(error.message).toBe('format is "onnx", and must be "json".');
});
