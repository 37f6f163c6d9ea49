/** Tests the colours in which the page shows weights. */
import { expect, test } from "vitest";
import { diverging, rgb } from "../../bench/page/shared/colours.js";

test("weights are coloured from against, over paper, to for", () => {
  const scheme = { paper: rgb("#ffffff"), ink: rgb("#000000"), for: rgb("#0000ff"), against: rgb("#ff0000") };
  expect(diverging(0, scheme)).toEqual([255, 255, 255]);
  expect(diverging(1, scheme)).toEqual([0, 0, 255]);
  expect(diverging(-0.5, scheme)).toEqual([255, 127.5, 127.5]);
  expect(diverging(-9, scheme)).toEqual([255, 0, 0]);
});
