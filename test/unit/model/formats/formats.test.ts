/** A model format is a row of one table: a test adds one, and whatever reads or writes models has it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type * as library from "../../../../src/index.js";
import type { run } from "../../../../src/cli/run.js";

const folder = mkdtempSync(join(tmpdir(), "smigh-formats-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MARK = 0xcf;

let smigh: typeof library;
let command: typeof run;
let model: library.SoftmaxModel;

beforeAll(async () => {
  vi.resetModules();
  const { FORMATS } = await import("../../../../src/model/formats/formats.js");
  // JSON after a byte that no JSON begins with.
  Reflect.set(FORMATS, "marked", {
    ending: ".marked",
    recognises: (bytes: Uint8Array) => bytes[0] === MARK,
    read: (bytes: Uint8Array) => FORMATS.json.read(bytes.subarray(1)),
    write: async (parts: library.ModelParts) => Uint8Array.of(MARK, ...(await FORMATS.json.write(parts))),
  });
  smigh = await import("../../../../src/index.js");
  command = (await import("../../../../src/cli/run.js")).run;
  model = await smigh.train({ x: [[0], [9]], y: [0, 1] }, { engine: "reference" });
});

/** Saves the model in a format that the types do not know. */
const save = (format: unknown): Promise<Uint8Array> => Reflect.apply(model.save, model, [format]);

test("save writes a new format, and loadModel recognises it", async () => {
  const bytes = await save("marked");
  expect(bytes[0]).toBe(MARK);
  expect(smigh.loadModel(bytes)).toEqual(model);
  expect(smigh.loadModel(await save("json"))).toEqual(model);
});

test("a format that is not in the table is an OptionError that names those that are", async () => {
  for (const format of ["onnx", "toString", null, 7]) {
    await expect(save(format)).rejects.toThrow(/^format is .+, and must be "json" or "marked"\.$/);
  }
});

test("the command line writes the format that the file's name ends as, and reads either", async () => {
  const [x, y] = [join(folder, "x"), join(folder, "y")];
  writeFileSync(x, Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 9));
  writeFileSync(y, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1));
  for (const [name, first] of [
    ["model.marked", MARK],
    ["model.json", "{".charCodeAt(0)],
    ["model", "{".charCodeAt(0)],
  ] as const) {
    let out = "";
    const streams = { out: (text: string) => (out += text), status: () => undefined, live: false };
    const path = join(folder, name);
    expect(await command(["train", x, "--labels", y, "-o", path, "--engine", "reference"], streams)).toBe(0);
    expect(readFileSync(path)[0], name).toBe(first);
    out = "";
    expect(await command(["predict", path, x], streams)).toBe(0);
    expect(out).toBe("0\n1\n");
  }
});
