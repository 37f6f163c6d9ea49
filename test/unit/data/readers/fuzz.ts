/** Damages files, to test that readers refuse them or read what is there. */
import * as fc from "fast-check";
import { expect } from "vitest";
import type { DataFile } from "../../../../src/data/readers/data-file.js";
import type { ByteSource } from "../../../../src/data/readers/byte-stream.js";
import { openBytes } from "../../../../src/data/readers/byte-stream.js";
import type { Table } from "../../../../src/data/data-table.js";
import { DataError } from "../../../../src/index.js";

/** A file in memory. */
export function fileOf(source: ByteSource, name: string): DataFile {
  return { name, open: () => openBytes(source, name) };
}

/** A file in memory that comes in chunks of a length. */
export function cut(bytes: Uint8Array, length: number, name: string): DataFile {
  async function* chunks() {
    for (let first = 0; first < bytes.length; first += length) yield bytes.subarray(first, first + length);
  }
  return { name, open: () => openBytes(chunks(), name) };
}

/** Asserts that a table's columns have the values that its rows need. */
export function expectWhole({ rows, columns }: Table): void {
  expect(rows).toBeGreaterThan(0);
  expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length);
  for (const column of columns) {
    if (column.kind === "text") {
      expect(column.codes.length).toBe(rows);
      expect(column.codes.every((code) => code >= -1 && code < column.texts.length)).toBe(true);
      expect(new Set(column.texts).size).toBe(column.texts.length);
    } else expect(column.values.length).toBe(rows * (column.kind === "vectors" ? column.width : 1));
  }
}

/** Files with some bytes changed, left out or put in. Half of the changes keep the length. */
export function damaged(files: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.record({
    // Most headers are at the front.
    at: fc.oneof(place, fc.double({ min: 0, max: 0.1, noNaN: true })),
    added: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc
        .constantFrom("9", "0", "-1", "99999999", ",", "'", "(", "\n", ":", "}", "[", "\0\0\0\0")
        .map((text) => new TextEncoder().encode(text)),
      fc.record({ from: place, length: fc.integer({ min: 1, max: 8 }) }), // of the file itself
    ),
    removed: fc.option(fc.nat({ max: 4 })),
  });
  return fc
    .record({ file: fc.constantFrom(...files), changes: fc.array(change, { minLength: 1, maxLength: 2 }) })
    .map(({ file, changes }) =>
      changes.reduce((bytes, { at, added, removed }) => {
        const first = Math.floor(at * bytes.length);
        const from = "from" in added ? Math.floor(added.from * file.length) : 0;
        const put = "from" in added ? file.subarray(from, from + added.length) : added;
        const next = first + (removed ?? put.length);
        return Uint8Array.from([...bytes.subarray(0, first), ...put, ...bytes.subarray(next)]);
      }, file),
    );
}

/**
 * Asserts that each damaged file becomes a whole table or a DataError that begins with its name. Returns how
 * many became an error.
 */
export async function countRefused(
  files: readonly Uint8Array[],
  read: (file: DataFile) => Promise<Table>,
  runs: number,
): Promise<number> {
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(damaged(files), async (bytes) => {
      const outcome = await read(fileOf(bytes, "damaged")).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        if (!(outcome instanceof DataError)) throw outcome;
        expect(outcome.message).toMatch(/^damaged: /);
        refused++;
      } else expectWhole(outcome as Table);
    }),
    { numRuns: runs },
  );
  return refused;
}
