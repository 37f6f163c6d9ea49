/**
 * Checks that a wrong tree of sums is noticed: each edit of the kernels must change bits of what the right
 * kernels compute, which `sum-tree.test.ts` holds against the plan.
 */
import { expect, test } from "vitest";
import { type WasmKernels, compile } from "../../src/engine/wasm/module.js";
import { wasmEngine } from "../support/engines.js";
import {
  type RowSums,
  SUM_CASES,
  type SumCase,
  objectiveSums,
  passOf,
} from "../unit/engine/wasm/sum-tree.js";
import { editedKernels } from "./edited-assembly.js";
import { COMMUTED, WRONG_SUMS } from "./wrong-assembly.js";

const [ranges, groups, tiled] = SUM_CASES;
const CASES = { ranges, groups, tiled };

async function computed(kernels: WasmKernels, of: SumCase): Promise<RowSums> {
  const engine = await wasmEngine({ threads: 2, kernels });
  try {
    return await objectiveSums(engine, of, passOf(of));
  } finally {
    engine.close();
  }
}

const right = new Map(SUM_CASES.map((of) => [of, compile(false).then((kernels) => computed(kernels, of))]));

test.each(WRONG_SUMS)("$file, $rows, $caught: noticed when $what", async (wrong) => {
  const { rows, caught } = wrong;
  const found = await computed(await editedKernels(wrong), CASES[rows]);
  expect(found[caught]).not.toEqual((await right.get(CASES[rows]))?.[caught]);
});

test("an edit that changes nothing is not noticed", async () => {
  const commuted = await editedKernels(COMMUTED);
  for (const of of SUM_CASES) expect(await computed(commuted, of)).toEqual(await right.get(of));
});
