import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Label, ModelFileError, OptionError, loadModel, train } from "../../src/index.js";
import { clouds } from "../support/examples.js";
import { modelOf } from "../support/models.js";
import { thrownBy } from "../support/untyped.js";

const { x, y, features } = clouds(30, 3, 3, 1);
const TRAINED = await train(
  { x, y: y.map((label) => ["ant", "bee", "cat"][label]), features },
  { engine: "reference", solver: "adam", epochs: 3, batchSize: 10, validation: 0.2, parity: true },
);
const FILE = TRAINED.save();
const TEXT = new TextDecoder().decode(FILE);

describe("a saved model", () => {
  test("comes back with all its parts", () => {
    expect(loadModel(FILE)).toEqual(TRAINED);
    expect(loadModel(TEXT)).toEqual(TRAINED);
    expect(loadModel(FILE.buffer)).toEqual(TRAINED);
    expect(TRAINED.history[2].validation?.loss).toBeGreaterThan(0);
    expect(TRAINED.parity?.steps).toBe(4);
  });

  test("predicts as it did, to the bit", () => {
    const loaded = loadModel(FILE);
    expect(loaded.logits(x)).toEqual(TRAINED.logits(x));
    expect(loaded.predict(x)).toEqual(TRAINED.predict(x));
  });

  test("and saved again is the same file", () => {
    expect(loadModel(FILE).save()).toEqual(FILE);
  });

  test("has no validation and no parity where there was none", async () => {
    const plain = await train({ x, y, features }, { engine: "reference", solver: "gd", epochs: 1 });
    const loaded = loadModel(plain.save());
    expect(loaded).toEqual(plain);
    expect(loaded.parity).toBeUndefined();
    expect(loaded.history[0].validation).toBeUndefined();
  });

  test("is JSON that a person can read: a row of weights a line", () => {
    expect(JSON.parse(TEXT)).toMatchObject({
      format: "smigh-model",
      version: 1,
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

  test("keeps every f32 exactly, from the smallest to the largest", () => {
    // −0 comes back as 0, which is the same number.
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
    fc.assert(
      fc.property(singles, (values) => {
        const model = modelOf(["a", "b"], [values.slice(0, 2), values.slice(2, 4)], values.slice(4));
        const loaded = loadModel(model.save());
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
  ])("keeps the type of its labels: $kind", ({ classes }) => {
    const model = modelOf(classes, [classes.map((_, k) => k)]);
    const loaded = loadModel(model.save());
    expect(loaded.classes).toEqual(classes);
    expect(loaded.predict([[1]])).toEqual([classes.at(-1)]);
  });
});

describe("a model file that is none", () => {
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
    { kind: "a list", file: "[1, 2]", message: "the file is [1,2], and must be an object" },
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
      file: '{"format": "smigh-model", "version": 2}',
      message: "The model is of version 2, and this release reads version 1",
    },
  ])("is rejected: $kind", ({ file, message }) => {
    const error = thrownBy(() => loadModel(file));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.name).toBe("ModelFileError");
    expect(error.message).toContain(message);
  });

  test.each<{ change: object; message: string }>([
    { change: { features: 4 }, message: "The model has 4 features, but weights has 3 rows." },
    { change: { features: "3" }, message: 'features is "3", and must be a number' },
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
      message: "weights[1][2] is null, and must be a number",
    },
    { change: { bias: [1] }, message: "bias has 1 values, and must have 3" },
    { change: { classes: "abc" }, message: 'classes is "abc", and must be a list' },
    { change: { classes: ["a", "b"] }, message: "has 3 values, and must have 2" },
    { change: { labelType: "number" }, message: 'classes are of type "number", but one is "ant"' },
    { change: { labelType: "object" }, message: 'classes are of type "object", but one is "ant"' },
    { change: { scale: null }, message: "scale is null, and must be a number" },
    { change: { training: undefined }, message: "training is missing, and must be an object" },
    { change: { training: { history: [{}] } }, message: "training.engine is missing, and must be an object" },
  ])("is rejected when a part is damaged: $message", ({ change, message }) => {
    const error = thrownBy(() => loadModel(JSON.stringify({ ...JSON.parse(TEXT), ...change })));
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toContain(message);
  });
});

test("save rejects a format that it cannot write", () => {
  const error = thrownBy(() => Reflect.apply(TRAINED.save, TRAINED, ["onnx"]));
  expect(error).toBeInstanceOf(OptionError);
  expect(error.message).toBe('format is "onnx", and must be "json".');
});
