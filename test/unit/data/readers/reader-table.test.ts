/** A reader is a row of one table: a test adds one, and the command line reads its files. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { run } from "../../../../src/cli/run.js";
import { read, readRows } from "../../../../src/data/index.js";
import { READERS } from "../../../../src/data/readers/reader-table.js";

const IDX = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9);

afterEach(() => void Reflect.deleteProperty(READERS, "plain"));

/** Adds a reader of "!", the number of columns, and bytes. */
function addPlain(): void {
  Reflect.set(READERS, "plain", {
    endings: [".plain"],
    recognises: ([mark]: Uint8Array) => mark === 0x21,
    load:
      async () =>
      async ({ open }: { open(): AsyncIterable<Uint8Array> }) => {
        const bytes: number[] = [];
        for await (const chunk of open()) bytes.push(...chunk);
        const [, width, ...values] = bytes;
        const columns = Array.from({ length: width }, (_, c) => ({
          kind: "numbers",
          name: `c${c}`,
          values: Float64Array.from(values.filter((__, i) => i % width === c)),
        }));
        return { rows: values.length / width, columns };
      },
  });
}

test("a file is read by the reader that recognises its first bytes, gzipped or not", async () => {
  for (const file of [IDX, gzipSync(IDX)]) {
    const { x, features } = await readRows(file, { label: null });
    expect({ x: [...x], features }).toEqual({ x: [7, 8, 9], features: 1 });
  }
});

test("a new reader is a row: its files are recognised, and others are as before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "smigh-"));
  const plain = join(folder, "rows.plain");
  const bytes = Uint8Array.of(0x21, 2, 1, 0, 2, 1, 3, 0, 4, 1);
  writeFileSync(plain, bytes);
  await expect(read(plain)).rejects.toThrow(`${plain}: is of no format that is read (`);
  addPlain();
  expect([...(await read(plain, { label: "c1" })).x]).toEqual([1, 2, 3, 4]);
  const [status, model] = [[] as string[], join(folder, "m.json")];
  const streams = { out: () => {}, status: (text: string) => status.push(text), live: false };
  expect(await run(["train", plain, "--label", "c1", "-o", model, "--engine", "reference"], streams)).toBe(0);
  expect(status[0]).toBe(`${plain}: 4 rows of 1 features\n`);
  expect([...(await readRows(IDX, { label: null })).x]).toEqual([7, 8, 9]);
});

test("a file whose content tells nothing is read as its name says, or as the option", async () => {
  const odd = new File([Uint8Array.of(12, 49, 44, 50, 10)], "a.csv");
  expect((await readRows(odd, { label: null, header: false })).features).toBe(2);
  const nameless = Uint8Array.of(12, 49, 44, 50, 10);
  await expect(read(nameless)).rejects.toThrow("the bytes: is of no format that is read");
  expect((await readRows(nameless, { label: null, header: false, format: "csv" })).features).toBe(2);
});

test("a file of no known format is refused by its first bytes", async () => {
  await expect(read(new Uint8Array(0))).rejects.toThrow(/the bytes: is of no format .*; it is empty/);
  await expect(read(Uint8Array.of(0, 0, 7, 1))).rejects.toThrow("it begins with 00 00 07 01.");
});
