/** Checks that sums of the wasm engine follow the plan of sums bit for bit. */
import { expect, test } from "vitest";
import { SumTree } from "../../../../src/core/sum-plan.js";
import { wasmEngine } from "../../../support/engines.js";
import { type RowSums, SUM_CASES, addRowSums, descentSums, objectiveSums, passOf } from "./sum-tree.js";

const EACH = SUM_CASES.flatMap((of) => [
  { what: "an objective", sumOver: objectiveSums, of },
  { what: "a descent", sumOver: descentSums, of },
]);

test.each(EACH)(
  "sums of $what over aligned groups of rows give those of all rows: $of.kernels, $of.passRows rows",
  async ({ of, sumOver }) => {
    const engine = await wasmEngine({ threads: 2 });
    try {
      const order = passOf(of);
      const all = await sumOver(engine, of, order);
      /** Adds the sums of groups of so many rows by the tree. */
      const grouped = async (groupRows: number) => {
        const tree = new SumTree<RowSums>(addRowSums);
        for (let first = 0; first < order.length; first += groupRows) {
          tree.push(await sumOver(engine, of, order.subarray(first, first + groupRows)));
        }
        return tree.total({ sums: [], vectors: [] });
      };
      for (const groupRows of of.nodes) expect(await grouped(groupRows)).toEqual(all);
      expect(await grouped(3 * of.nodes[0])).not.toEqual(all); // not aligned
    } finally {
      engine.close();
    }
  },
);

test.each(SUM_CASES)(
  "neither threads, objectives beside it nor the batch size change a bit: $kernels, $passRows rows",
  async (of) => {
    const order = passOf(of);
    const [alone, two] = [await wasmEngine({ threads: 1 }), await wasmEngine({ threads: 2 })];
    try {
      const all = await objectiveSums(alone, of, order);
      expect(await objectiveSums(two, of, order)).toEqual(all);
      expect(await objectiveSums(two, of, order, { together: 2 })).toEqual(all);
      const evaluated = async (batchSize?: number) =>
        (await descentSums(two, of, order, batchSize)).sums.slice(0, 3);
      const whole = await evaluated();
      for (const batchSize of [1, 100, 2800]) expect(await evaluated(batchSize)).toEqual(whole);
    } finally {
      alone.close();
      two.close();
    }
  },
);
