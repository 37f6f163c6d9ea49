/** Checks that the test of changing weights can fail, on engines that set the new row weights wrongly. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import type { FloatArray } from "../../src/core/rows.js";
import { referenceEngine } from "../../src/engine/reference/engine.js";
import { weighing } from "../conformance/weighing.js";
import { wasmEngine } from "../support/engines.js";

type Weigh = (weights: FloatArray) => void;

const WRONG: readonly { readonly what: string; readonly weigh: (right: Weigh, times: number) => Weigh }[] = [
  { what: "nothing", weigh: () => () => {} },
  { what: "it once", weigh: (right, times) => (weights) => times > 1 || right(weights) },
  {
    what: "it for all rows but the last",
    weigh: (right) => (weights) => right(weights.with(weights.length - 1, 3)),
  },
  { what: "it for the row after", weigh: (right) => (weights) => right(turned(weights)) },
  {
    what: "it, but leaves out weights of 0",
    weigh: (right) => (weights) => right(weights.map((w: number) => w || 1)),
  },
];

function turned(weights: FloatArray): FloatArray {
  return weights.map((_: number, row: number) => weights.at(row - 1) ?? 0);
}

function broken(engine: Engine, wrong: (typeof WRONG)[number]): Engine {
  return {
    ...engine,
    async place(rows) {
      const placement = await engine.place(rows);
      let times = 0;
      return {
        ...placement,
        weigh: (weights) => wrong.weigh((some) => placement.weigh(some), ++times)(Float32Array.from(weights)),
      };
    },
  };
}

describe.each([
  { name: "reference", open: async () => referenceEngine() },
  { name: "wasm", open: () => wasmEngine() },
])("an engine ($name) that is to weigh rows anew", ({ open }) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  test.each(WRONG)("is caught when it does $what", async (wrong) => {
    const { rho, off } = await weighing(broken(engine, wrong), true);
    expect(Math.max(rho, off)).toBeGreaterThan(1);
    expect(rho).toBeGreaterThan(1);
  });
});
