/** Tests samples of rows, in which weight means repetition. */
import { expect, test } from "vitest";
import { randomIntegers, range } from "../../../src/core/random.js";
import { readSample, sampleByWeight, spaced, stratified } from "../../../src/data/sample.js";

test("a row of weight n is in the sample as often as n rows are", () => {
  const weights = Float64Array.from({ length: 500 }, (_, row) => [1, 2, 0, 5, 1, 3][row % 6]);
  const chosen = range(500).filter((row) => row % 7 !== 3);
  const repeated = Uint32Array.from([...chosen].flatMap((row) => Array(weights[row]).fill(row)));
  for (const most of [1, 10, 64, 123]) {
    const sample = sampleByWeight(chosen, weights, most);
    expect(sample.weights).toBeUndefined(); // each sampled row counts 1
    expect(sample.rows).toEqual(spaced(repeated, most));
  }
});

test("a common factor, however large, changes nothing", () => {
  const weights = Float64Array.from({ length: 100 }, (_, row) => 1 + (row % 4));
  const plain = sampleByWeight(range(100), weights, 30);
  for (const factor of [2 ** -100, 2 ** 100]) {
    const scaled = weights.map((one) => factor * one);
    expect(sampleByWeight(range(100), scaled, 30)).toEqual(plain);
  }
});

test("rows of weight 0 are in no sample", () => {
  const weights = Float64Array.from({ length: 1000 }, (_, row) => (row < 400 || row % 10 > 0 ? 0 : 1));
  const { rows } = sampleByWeight(range(1000), weights, 25);
  expect([...rows].every((row) => weights[row] > 0)).toBe(true);
});

test("no more rows than are wanted are all of them, with their weights", () => {
  const weights = Float64Array.of(1, 0, 3);
  expect(sampleByWeight(Uint32Array.of(0, 2), weights, 2)).toEqual({ rows: Uint32Array.of(0, 2), weights });
  expect(sampleByWeight(Uint32Array.of(0, 2), undefined, 2)).toEqual({ rows: Uint32Array.of(0, 2) });
});

test("without weights rows are evenly spaced", () => {
  const rows = Uint32Array.of(3, 4, 5, 6, 7, 8, 9, 10, 11);
  expect([...sampleByWeight(rows, undefined, 3).rows]).toEqual([3, 6, 9]);
  expect([...spaced(rows, 4)]).toEqual([3, 5, 7, 9]);
});

test("a sample that is read has weights only where it is all of the rows", async () => {
  const x = Float32Array.of(10, 11, 12, 13);
  const weights = Float64Array.of(1, 2, 0, 5);
  const rows = { count: 4, features: 1, x, scale: 1, labels: Uint32Array.of(0, 1, 0, 1), weights };
  const chosen = Uint32Array.of(0, 1, 3);
  const { numbers: _, ...all } = await readSample(rows, chosen, 3);
  const labels = Uint32Array.of(0, 1, 1);
  const read = { count: 3, features: 1, x: Float32Array.of(10, 11, 13), scale: 1, labels };
  expect(all).toEqual({ ...read, weights: Float64Array.of(1, 2, 5) });
  const sample = await readSample(rows, chosen, 2);
  expect(sample.x).toEqual(Float32Array.of(10, 13));
  expect(sample.weights).toBeUndefined();
});

test("a stratified sample has a random row of each part, and every row as often as others", () => {
  const rows = range(103).map((row) => 2 * row);
  const random = randomIntegers(1);
  const often = new Uint32Array(206);
  const outside: number[] = [];
  for (let n = 0; n < 4000; n++) {
    stratified(rows, 25, random).forEach((row, k) => {
      const [from, to] = [(k * 103) / 25, ((k + 1) * 103) / 25];
      if (row / 2 < Math.floor(from) || row / 2 >= to) outside.push(row);
      often[row]++;
    });
  }
  expect(outside).toEqual([]);
  for (const row of rows) expect(Math.abs(often[row] - (4000 * 25) / 103)).toBeLessThan(5 * Math.sqrt(971));
  expect(stratified(rows, 25, randomIntegers(7))).toEqual(stratified(rows, 25, randomIntegers(7)));
});
