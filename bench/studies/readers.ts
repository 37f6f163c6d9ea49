/**
 * Times the readers of files, on one thread.
 *
 *   npm run bench:readers
 *
 * A table of text of 100,000 × 50 numbers: `read`, papaparse with `dynamicTyping`, and papaparse that only
 * splits, row by row. Each runs five times, in turn. Prints medians and ratios.
 */
import process from "node:process";
import papaparse from "papaparse";
import { median } from "../measure/median.js";
import { importSource } from "../run/library.js";
import type * as data from "../../src/data/index.js";
import { machineNow } from "../../test/support/machine.js";

const [ROWS, COLUMNS] = [100_000, 50];
const ROUNDS = 5;

const { readRows } = await importSource<typeof data>("src/data/index.ts");

const lines = Array.from({ length: ROWS }, (_, row) =>
  Array.from({ length: COLUMNS }, (__, c) => (10 * Math.sin(row * COLUMNS + c)).toFixed(6)).join(","),
);
const text = lines.join("\n");
const bytes = new TextEncoder().encode(text);

const ways: Readonly<Record<string, () => unknown>> = {
  read: () => readRows(bytes, { label: null }),
  "papaparse, dynamicTyping": () => papaparse.parse(text, { dynamicTyping: true }),
  "papaparse, step": () => papaparse.parse(text, { step: () => {} }),
};

const times = new Map(Object.keys(ways).map((name): [string, number[]] => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, work] of Object.entries(ways)) {
    const began = performance.now();
    await work();
    if (round > 0) times.get(name)?.push(performance.now() - began); // the first is compiled
  }
}

console.log(`${machineNow()}\n${ROWS} × ${COLUMNS} numbers, ${(bytes.length / 1e6).toFixed(0)} MB of text`);
const [own = Number.NaN] = Array.from(times.values(), median);
for (const [name, all] of times) {
  const ms = median(all);
  const [speed, rate] = [bytes.length / 1e3 / ms, ROWS / ms];
  console.log(
    `${name}: ${ms.toFixed(0)} ms, ${speed.toFixed(0)} MB/s, ${rate.toFixed(0)} rows/ms, read takes ${(own / ms).toFixed(2)} of it`,
  );
}
process.exit();
