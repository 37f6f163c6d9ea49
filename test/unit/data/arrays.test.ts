/**
 * Checks that arrays of every type, of other realms and over shared memory train the same model as the same
 * numbers in any other array.
 */
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { readIdx } from "../../../src/data/index.js";
import { DataError, sweep, train } from "../../../src/index.js";
import { createDataset } from "../../../src/data/dataset.js";
import { thrownBy, untypedTrain, untypedTrainer } from "../../support/untyped.js";

const OPTIONS = { engine: "reference", solver: "gd", epochs: 3 } as const;
const NUMBERS = [3, 1, 0, 4, 2, 5, 1, 2];
const y = ["a", "b", "b", "a"];

const floats = [Float32Array, Float64Array, ...(typeof Float16Array === "undefined" ? [] : [Float16Array])];
const integers = [Int8Array, Int16Array, Int32Array, Uint16Array, Uint32Array];
const bytes = [Uint8Array, Uint8ClampedArray];
const bigints = [BigInt64Array, BigUint64Array];

type NumberArray = InstanceType<
  (typeof integers)[number] | (typeof bytes)[number] | Float32ArrayConstructor | Float64ArrayConstructor
>;

/** The same array, constructed in another realm. */
function foreign<T extends NumberArray>(array: T): T {
  return runInNewContext(`${array.constructor.name}.from(values)`, { values: Array.from(array) });
}

/** The same array, over memory that threads can share. */
function shared<T extends NumberArray>(array: T): T {
  const Type = array.constructor;
  const copy: T = Reflect.construct(Type, [new SharedArrayBuffer(array.byteLength)]);
  copy.set(array);
  return copy;
}

const asNumbers = async (x: unknown, more = {}) => untypedTrain({ x, y, features: 2, ...more }, OPTIONS);
const expected = await asNumbers(Float64Array.from(NUMBERS));
const expectedOfBytes = await asNumbers(Float64Array.from(NUMBERS, (value) => value / 255));

describe.each([...floats, ...integers])("x as %o", (Type) => {
  const x: NumberArray = Reflect.apply(Type.from, Type, [NUMBERS]);
  const rows = [0, 2, 4, 6].map((first) => x.subarray(first, first + 2));

  test("is numbers: flat, as rows, of another realm and shared", async () => {
    for (const same of [x, rows, foreign(x), rows.map(foreign), shared(x), rows.map(shared)]) {
      const model = await asNumbers(same);
      expect(model.weights).toEqual(expected.weights);
      expect(model.scale).toBeUndefined();
      expect(model.logits(x)).toEqual(expected.logits(Float64Array.from(NUMBERS)));
      expect(model.logits(rows)).toEqual(model.logits(x));
      expect(model.logits(foreign(x))).toEqual(model.logits(x));
      expect(model.logits({ x: shared(x) })).toEqual(model.logits(x));
    }
  });
});

describe.each(bytes)("x as %o", (Type) => {
  const x = Type.from(NUMBERS);
  const rows = [0, 2, 4, 6].map((first) => x.subarray(first, first + 2));

  test("is bytes, which mean byte ÷ 255: flat, as rows, of another realm and shared", async () => {
    for (const same of [x, rows, foreign(x), rows.map(foreign), shared(x), rows.map(shared)]) {
      const model = await asNumbers(same);
      expect(model.scale).toBe(1 / 255);
      for (const [i, weight] of model.weights.entries()) {
        expect(weight).toBeCloseTo(expectedOfBytes.weights[i], 6);
      }
      expect(model.logits(rows)).toEqual(model.logits(x));
      expect(model.logits(foreign(x))).toEqual(model.logits(x));
      expect(await model.evaluate({ x: rows, y })).toEqual(await model.evaluate({ x, y, features: 2 }));
    }
    expect(createDataset({ x, y }).rows.x).toBeInstanceOf(Uint8Array);
    expect(createDataset({ x: foreign(x), y }).rows.x).toBeInstanceOf(Uint8Array);
  });
});

describe.each(bigints)("x as %o", (Type) => {
  test("is numbers", async () => {
    const x = Type.from(NUMBERS.map(BigInt));
    const rows = [0, 2, 4, 6].map((first) => x.subarray(first, first + 2));
    expect((await asNumbers(x)).weights).toEqual(expected.weights);
    expect((await asNumbers(rows)).weights).toEqual(expected.weights);
  });

  test("names a value that loses digits in f64", () => {
    const x = Type.from(NUMBERS.map(BigInt)).with(5, 2n ** 53n + 1n);
    for (const same of [x, [0, 2, 4, 6].map((first) => x.subarray(first, first + 2))]) {
      const error = thrownBy(() => untypedTrainer({ x: same, y, features: 2 }));
      expect(error).toBeInstanceOf(DataError);
      expect(error.message).toBe(
        "x is 9007199254740993n at row 2, column 1, which an f64 does not hold exactly: round it first, by Number().",
      );
    }
  });
});

test("an array over another one's memory is not copied where it need not be", () => {
  const x = foreign(Float32Array.from(NUMBERS));
  const { rows } = createDataset({ x, y });
  expect(rows.x).toBeInstanceOf(Float32Array);
  expect(rows.x.buffer).toBe(x.buffer);
});

test("bytes and numbers are not mixed", () => {
  const mixed = thrownBy(() => untypedTrainer({ x: [Uint8Array.of(1), [2]], y: ["a", "b"] }));
  expect(mixed.message).toBe(
    "x has numbers in row 1 and bytes in row 0: pass all rows as bytes (Uint8Array), or none.",
  );
  const other = thrownBy(() => untypedTrainer({ x: [[2], Uint8ClampedArray.of(1)], y: ["a", "b"] }));
  expect(other.message).toContain("x has bytes in row 1 and numbers in row 0");
});

describe("arrays of another realm and shared ones are taken", () => {
  const x = [[3], [1], [0], [4]];

  test("as labels and classes", async () => {
    const labels = Int32Array.of(7, 5, 5, 7);
    const model = await train({ x, y: labels }, OPTIONS);
    for (const same of [foreign(labels), shared(labels), runInNewContext("[7, 5, 5, 7]")]) {
      expect((await untypedTrain({ x, y: same }, OPTIONS)).weights).toEqual(model.weights);
    }
    const ordered = await train({ x, y: labels, classes: [7, 5] }, OPTIONS);
    for (const classes of [Int32Array.of(7, 5), foreign(Int32Array.of(7, 5)), runInNewContext("[7, 5]")]) {
      const found = await untypedTrain({ x, y: labels, classes }, OPTIONS);
      expect(found.classes).toEqual([7, 5]);
      expect(found.weights).toEqual(ordered.weights);
    }
  });

  test("as soft targets", async () => {
    const soft = Float32Array.of(0.75, 0.25, 0, 1, 0.5, 0.5, 1, 0);
    const classes = ["a", "b"];
    const model = await train({ x, y: soft, classes }, OPTIONS);
    for (const same of [foreign(soft), shared(soft), Float64Array.from(soft)]) {
      expect((await untypedTrain({ x, y: same, classes }, OPTIONS)).weights).toEqual(model.weights);
    }
  });

  test("as weights, in evaluate and in a sweep", async () => {
    const weights = Float32Array.of(1, 2, 0.5, 1);
    const model = await train({ x, y, weights }, OPTIONS);
    const folds = Uint8Array.of(0, 0, 1, 1);
    const swept = await sweep({ x, y, weights }, { engine: "reference", C: [1], folds });
    for (const same of [foreign(weights), shared(weights)]) {
      expect((await train({ x, y, weights: same }, OPTIONS)).weights).toEqual(model.weights);
      expect(await model.evaluate({ x, y, weights: same })).toEqual(await model.evaluate({ x, y, weights }));
      const again = await sweep(
        { x, y, weights: same },
        { engine: "reference", C: foreign(Float64Array.of(1)), folds: foreign(folds) },
      );
      expect(again.model.weights).toEqual(swept.model.weights);
    }
  });

  test("as objects with a length, in the data and in the options alike", async () => {
    const listOf = <T>(values: ArrayLike<T>): ArrayLike<T> => ({
      ...Array.from(values),
      length: values.length,
    });
    const x = [[3], [1], [0], [4]];
    const lists = { x: x.map(listOf), y: listOf(y) };
    const model = await train({ x, y }, OPTIONS);
    expect((await train(lists, OPTIONS)).weights).toEqual(model.weights);
    const { classes, features, weights, bias } = model;
    const init = { classes: listOf(classes), features, weights: listOf(weights), bias: listOf(bias) };
    const again = await train({ x, y }, { ...OPTIONS, init: model });
    expect((await train(lists, { ...OPTIONS, init })).weights).toEqual(again.weights);
    const path = { engine: "reference", C: [1], folds: [0, 0, 1, 1] } as const;
    const swept = await sweep({ x, y }, path);
    const same = await sweep(lists, { ...path, C: listOf(path.C), folds: listOf(path.folds) });
    expect(same.table).toEqual(swept.table);
  });

  test("as bytes to validate with, which mean what the bytes of the training mean", async () => {
    const some = { x: Uint8Array.of(3, 1, 0, 4), y, scale: 0.5, features: 1 };
    const watched = await train(some, { ...OPTIONS, validation: { x: some.x, y } });
    const loss = watched.history.at(-1)?.validation?.loss;
    for (const bytesOf of [foreign(some.x), Uint8ClampedArray.from(some.x), shared(some.x)]) {
      const model = await train(some, { ...OPTIONS, validation: { x: bytesOf, y } });
      expect(model.history.at(-1)?.validation?.loss).toBe(loss);
    }
  });

  test("as an IDX file", async () => {
    const file = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9);
    for (const same of [foreign(file), shared(file)]) {
      const { shape, values } = await readIdx(same);
      expect(shape).toEqual([2]);
      expect(values).toEqual(Uint8Array.of(7, 9));
      expect(values).toBeInstanceOf(Uint8Array);
    }
  });
});

test("an array whose buffer was transferred is empty", () => {
  const x = Float32Array.from(NUMBERS);
  structuredClone(x.buffer, { transfer: [x.buffer] });
  expect(thrownBy(() => untypedTrainer({ x, y })).message).toContain("x is empty");
});
