/** A reader is a row of one table: a test adds one, and the command line reads its files. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { readLabels, readRows } from "../../../../src/cli/data.js";
import { READERS, readNumbers } from "../../../../src/data/readers/reader-table.js";

const IDX = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9);

afterEach(() => void Reflect.deleteProperty(READERS, "plain"));

/** Adds a reader of "!", the number of columns, and bytes. */
function addPlain(): void {
  Reflect.set(READERS, "plain", {
    recognises: ([mark]: Uint8Array) => mark === 0x21,
    async read(chunks: AsyncIterable<Uint8Array>) {
      const bytes: number[] = [];
      for await (const chunk of chunks) bytes.push(...chunk);
      const [, columns, ...values] = bytes;
      return { shape: [values.length / columns, columns], values: Uint8Array.from(values) };
    },
  });
}

test("a file is read by the reader that recognises its first bytes, gzipped or not", async () => {
  for (const file of [IDX, gzipSync(IDX)]) {
    expect(await readNumbers(file, "labels")).toEqual({ shape: [3], values: Uint8Array.of(7, 8, 9) });
  }
});

test("a new reader is a row: its files are recognised, and others are as before", async () => {
  const folder = mkdtempSync(join(tmpdir(), "smigh-"));
  const [plain, idx] = [join(folder, "plain"), join(folder, "idx")];
  writeFileSync(plain, Uint8Array.of(0x21, 2, 1, 2, 3, 4));
  writeFileSync(idx, IDX);
  await expect(readRows(plain)).rejects.toThrow(`${plain}: is no IDX file; it begins with 21 02 01 02.`);
  addPlain();
  expect(await readRows(plain)).toEqual({ x: Uint8Array.of(1, 2, 3, 4), features: 2 });
  expect(await readLabels(idx)).toEqual([7, 8, 9]);
});

test("a file of no known format is refused by its first bytes", async () => {
  await expect(readNumbers(new Uint8Array(0), "a")).rejects.toThrow("a: is no IDX file; it is empty.");
  await expect(readNumbers(Uint8Array.of(0, 0, 7, 1), "a")).rejects.toThrow("it begins with 00 00 07 01.");
  addPlain();
  await expect(readNumbers(Uint8Array.of(1), "a")).rejects.toThrow("a: is no IDX or plain file; it begins");
});
