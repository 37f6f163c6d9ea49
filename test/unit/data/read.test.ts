/** Tests reading: which columns are what, missing values and categories, sources, and errors. */
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { read, readRows } from "../../../src/data/index.js";
import { DataError, OptionError, loadModel, train } from "../../../src/index.js";
import { rejectedBy } from "../../support/untyped.js";

const folder = mkdtempSync(join(tmpdir(), "smigh-read-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

/** Sixty rows, a number, a category with two values, a number of few values, and labels. */
const PEOPLE = Array.from({ length: 60 }, (_, n) => [
  (n * 1.5).toFixed(1),
  n % 2 ? "m" : "f",
  String(n % 3),
  n % 5 > 2 ? "yes" : "no",
]);
const people = (rows: readonly (readonly string[])[] = PEOPLE, names = "age,sex,room,answer") =>
  bytes([names, ...rows.map((row) => row.join(","))].join("\n"));
const sparseRows = (places: readonly number[], column: number, value = "") =>
  PEOPLE.map((row, n) => (places.includes(n) ? row.with(column, value) : row));

describe("columns", () => {
  test("numbers are features, few texts are categories, and the label is named", async () => {
    const found = await read(people(), { label: "answer" });
    expect(found.featureNames).toEqual(["age", "sex=f", "sex=m", "room"]);
    expect(Array.from(found.x.subarray(4, 8))).toEqual([1.5, 0, 1, 1]);
    expect(found.y.slice(0, 4)).toEqual(["no", "no", "no", "yes"]);
    expect(found.notes).toEqual(["the bytes: 60 rows of 4 features", 'column "sex" is 2 categories']);
  });

  test.each(["label", "Class", "TARGET", "y", "species"])(
    "the label is guessed by its name: %s",
    async (name) => {
      const { y, notes } = await read(people(PEOPLE, `age,sex,room,${name}`));
      expect(y[3]).toBe("yes");
      expect(notes[1]).toBe(`the labels are in column "${name}", by its name`);
    },
  );

  test("the label is guessed as the only text, in any place", async () => {
    const rows = PEOPLE.map(([age, , room, answer]) => [answer, age, room]);
    const { y, featureNames, notes } = await read(people(rows, "answer,age,room"));
    expect(y[3]).toBe("yes");
    expect(featureNames).toEqual(["age", "room"]);
    expect(notes[1]).toBe('the labels are in column "answer", as the only column of text');
  });

  test("columns are chosen by name or place, from either end", async () => {
    const by = async (options: object) => (await read(people(), { label: -1, ...options })).featureNames;
    expect(await by({ features: ["room", 0] })).toEqual(["room", "age"]);
    expect(await by({ exclude: ["sex"] })).toEqual(["age", "room"]);
    expect(await by({ categories: ["room"] })).toEqual([
      "age",
      "sex=f",
      "sex=m",
      "room=0",
      "room=1",
      "room=2",
    ]);
  });

  test("weights are a column, and no feature", async () => {
    const { weights, featureNames } = await read(people(), {
      label: "answer",
      weights: "room",
      exclude: ["sex"],
    });
    expect(weights?.slice(0, 4)).toEqual([0, 1, 2, 0]);
    expect(featureNames).toEqual(["age"]);
  });

  test("labels may be in a file of their own, with and without a name", async () => {
    const labels = PEOPLE.map(([, , , answer]) => answer);
    for (const text of [labels, ["answer", ...labels]]) {
      const { y } = await read(
        people(
          PEOPLE.map((row) => row.slice(0, 3)),
          "age,sex,room",
        ),
        {
          labels: bytes(text.join("\n")),
        },
      );
      expect(y).toEqual(labels);
    }
  });

  test("numbers that f32 holds are f32, and others f64", async () => {
    expect((await read(bytes("a,y\n0.5,1\n3,0\n"))).x).toEqual(Float32Array.of(0.5, 3));
    expect((await read(bytes("a,y\n0.1,1\n3,0\n"))).x).toEqual(Float64Array.of(0.1, 3));
  });
});

describe("missing values", () => {
  const rows = sparseRows([7, 9], 0);

  test("are an error that names the row and the column", async () => {
    await expect(read(people(rows), { label: "answer" })).rejects.toThrow(
      'column "age" has no value in row 7.',
    );
    await expect(read(people(sparseRows([4], 1)), { label: "answer" })).rejects.toThrow(
      'column "sex" has no value in row 4.',
    );
    await expect(read(people(sparseRows([4], 3)), { label: "answer" })).rejects.toThrow(
      "row 4 has no label in",
    );
  });

  test("leave their rows out", async () => {
    const { x, y, features, notes, kept } = await read(people(rows), { label: "answer", missing: "drop" });
    expect(kept?.slice(6, 9)).toEqual(Uint32Array.of(6, 8, 10));
    expect(y).toHaveLength(58);
    expect(x[7 * features]).toBe(12);
    expect(y[7]).toBe(PEOPLE[8][3]);
    expect(notes[1]).toBe("left out for missing values, 2 of 60: rows 7, 9");
  });

  test("count as the mean, of the training also in another file, and as a category", async () => {
    const both = rows.map((row, n) => (n === 3 ? row.with(1, "") : row));
    const { x, features, schema, featureNames } = await read(people(both), {
      label: "answer",
      missing: "mean",
    });
    const ages = PEOPLE.flatMap(([age], n) => (n === 7 || n === 9 ? [] : [Number(age)]));
    const mean = ages.reduce((a, b) => a + b) / 58;
    expect(x[7 * features]).toBeCloseTo(mean, 12);
    expect(featureNames).toEqual(["age", "sex=f", "sex=m", "sex=", "room"]);
    expect(Array.from(x.subarray(3 * features, 4 * features))).toEqual([4.5, 0, 0, 1, 0]);
    const other = await readRows(bytes("age,sex,room\n,m,1\n"), { schema });
    expect(Array.from(other.x)).toEqual([x[7 * features], 0, 1, 0, 1]);
  });
});

describe("another file", () => {
  test("is matched by names, in any order, and its labels are not needed", async () => {
    const { schema } = await read(people(), { label: "answer" });
    const found = await readRows(bytes("room,more,sex,age\n2,7,m,30\n"), { schema });
    expect(Array.from(found.x)).toEqual([30, 0, 1, 2]);
    expect(found.y).toBeUndefined();
  });

  test("that lacks columns is an error that says which, and which are unknown", async () => {
    const { schema } = await read(people(), { label: "answer" });
    await expect(readRows(bytes("rooms,sex\n2,m\n"), { schema })).rejects.toThrow(
      'lacks the columns "age", "room", and has "rooms", which the model does not know.',
    );
  });

  test("with a category that is new is an error, or zeros", async () => {
    const other = bytes("age,sex,room\n30,x,1\n");
    const { schema } = await read(people(), { label: "answer" });
    await expect(readRows(other, { schema })).rejects.toThrow(
      'column "sex" is "x" in row 0, which is not among its 2 categories in the training ("f", "m").',
    );
    const lenient = await read(people(), { label: "answer", unknown: "zeros" });
    expect(Array.from((await readRows(other, { schema: lenient.schema })).x)).toEqual([30, 0, 0, 1]);
  });

  test("with text for a number is an error that says where", async () => {
    const { schema } = await read(people(), { label: "answer" });
    await expect(readRows(bytes("age,sex,room\n30,m,1\nold,m,1\n"), { schema })).rejects.toThrow(
      'column "age" is "old" in row 1, and must be numbers, as in the training.',
    );
  });
});

describe("the model has the schema, and its file too", () => {
  test("it predicts for another file, and refuses features in another order", async () => {
    const data = await read(people(), { label: "answer" });
    const model = loadModel(await (await train(data, { engine: "reference" })).save("json"));
    expect(model.schema).toEqual(data.schema);
    expect(model.featureNames).toEqual(data.featureNames);
    const turned = people(
      PEOPLE.map((row) => row.toReversed()),
      "answer,room,sex,age",
    );
    const again = await read(turned, { schema: model.schema ?? data.schema });
    expect(model.predict(again)).toEqual(model.predict(data));
    const other = await read(turned, { label: "answer" });
    expect(() => model.predict(other)).toThrow(DataError);
    expect(() => model.predict(other)).toThrow(
      'feature 0 is "room", but the model has "age" there: read the file with { schema: model.schema }',
    );
    await expect(model.evaluate(other)).rejects.toThrow('feature 0 is "room"');
    expect((await model.evaluate(data)).examples).toBe(60);
  });

  test("names may be given without a file, one for each feature", async () => {
    const data = { x: [[1], [2], [3]], y: [0, 1, 0] };
    const model = await train({ ...data, featureNames: ["size"] }, { engine: "reference" });
    expect(model.featureNames).toEqual(["size"]);
    const wrong = await rejectedBy(train({ ...data, featureNames: ["a", "b"] }, { engine: "reference" }));
    expect(wrong.message).toMatch("featureNames has 2 names, but there are 1 features");
  });

  test.each([
    [
      '{"columns":[{"kind":"vector","name":"x","width":1e15}],"missing":"error","unknown":"error"}',
      /schema makes 1000000000000000 features/,
    ],
    [
      '{"columns":[{"kind":"date","name":"x"}],"missing":"error","unknown":"error"}',
      /schema\.columns\[0\]\.kind is "date"/,
    ],
    ['{"columns":[],"missing":"no","unknown":"error"}', /schema\.missing is "no"/],
    ['{"columns":3,"missing":"error","unknown":"error"}', /schema\.columns is 3/],
  ])("a damaged schema in a file is named: %s", (schema, message) => {
    const file = `{"format":"smigh-model","version":2,"labelType":"number","classes":[0,1],"features":1,"bias":[0,0],"weights":[[0,0]],"schema":${schema}}`;
    expect(() => loadModel(file)).toThrow(message);
  });
});

describe("sources", () => {
  const text = "a,y\n1,0\n2,1\n";
  const path = join(folder, "a.csv");
  writeFileSync(path, text);
  mkdirSync(join(folder, "deep"));
  writeFileSync(join(folder, "deep", "b.csv"), "a,y\n3,0\n");

  test.each<[string, () => Parameters<typeof read>[0]]>([
    ["a path", () => path],
    ["a URL of a file", () => new URL(`file://${path}`)],
    ["a data URL", () => `data:text/csv,${encodeURIComponent(text)}`],
    ["bytes", () => bytes(text)],
    ["a buffer", () => bytes(text).buffer],
    ["a Blob", () => new Blob([text])],
    ["a File", () => new File([text], "a.csv")],
    ["a Response", () => new Response(text)],
    ["a ReadableStream", () => new Blob([text]).stream()],
    ["a stream of Node", () => Readable.from([Buffer.from(text)])],
    ["a pattern", () => join(folder, "?.c*v")],
    ["a list", () => [bytes("a,y\n1,0\n"), bytes("y,a\n1,2\n")]],
  ])("%s", async (_, source) => {
    const { x, y } = await read(source());
    expect([...x]).toEqual([1, 2]);
    expect(y).toEqual([0, 1]);
  });

  test("a stream, whose column of numbers turns to text, is read once and kept", async () => {
    const { y } = await read(new Blob(["a,y\n1,5\n2,x\n"]).stream());
    expect(y).toEqual(["5", "x"]);
  });

  test("a pattern finds files in folders, in the order of their names", async () => {
    expect([...(await read(join(folder, "**/*.csv"))).x]).toEqual([1, 2, 3]);
    await expect(read(join(folder, "*.none"))).rejects.toThrow("no file matches it");
  });

  test("files with other columns are named", async () => {
    const error = await rejectedBy(
      read([new File(["a,y\n1,0\n"], "a.csv"), new File(["b,y\n1,0\n"], "b.csv")]),
    );
    expect(error.message).toMatch(/^b\.csv: has 2 columns, and none is "a", but a\.csv has 2/);
    await expect(read([])).rejects.toThrow("There is nothing to read");
    const kinds = [new File(["a,y\n1,0\n"], "a.csv"), new File(["a,y\nx,0\n"], "b.csv")];
    await expect(read(kinds)).rejects.toThrow('b.csv: column "a" is text, but numbers in a.csv.');
  });

  test("what cannot be read is named", async () => {
    await expect(read(join(folder, "none.csv"))).rejects.toThrow(/none\.csv cannot be read: ENOENT/);
    await expect(read(new Response(null))).rejects.toThrow("the response: has no body");
  });
});

describe("bad columns and options", () => {
  test.each([
    [
      { label: "answers" },
      OptionError,
      /label is "answers", but the bytes has no such column. It has 4: "age", "sex", "room", "answer"/,
    ],
    [{ label: 4 }, OptionError, /label is 4, but/],
    [{ label: "answer", features: ["agee"] }, OptionError, /features is "agee"/],
    [{ label: "answer", missing: "zero" }, OptionError, /missing is "zero", and must be one of/],
    [{ label: "answer", misspelt: 1 }, OptionError, /misspelt is no option here/],
    [{ label: "answer", features: "age" }, OptionError, /features is "age", and must be a list of columns/],
    [{ label: "answer", exclude: ["age", "sex", "room"] }, DataError, /no column is left for features/],
    [
      { label: "answer", weights: "sex" },
      DataError,
      /column "sex" is text, such as "f", and weights are numbers/,
    ],
    [{}, DataError, /no column is called label, class, target, y or species/],
  ])("%o", async (options, type, message) => {
    const error = await rejectedBy(Reflect.apply(read, undefined, [people(), options]));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
  });

  test.each([
    [
      "text of many values",
      PEOPLE.map((row, n) => row.with(1, `name ${n}`)),
      /column "sex" is text, such as "name 0", with 60 different values in 60 rows, and no feature: leave it out by exclude, name it in categories, or make numbers of it/,
    ],
    ["dates", PEOPLE.map((row, n) => row.with(1, `2024-01-${10 + (n % 20)}`)), /make numbers of its dates/],
    [
      "a number with a mistake",
      sparseRows([5], 0, "7.5 years"),
      /column "age" is of numbers, but is "7.5 years" in row 5/,
    ],
  ])("%s", async (_, rows, message) => {
    await expect(read(people(rows), { label: "answer" })).rejects.toThrow(message);
  });
});
