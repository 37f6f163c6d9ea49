/** Tests that every engine's logits for predictions must pass. */
import { expect, test } from "vitest";
import { range } from "../../src/core/random.js";
import { inF64, selectRows } from "../../src/core/rows.js";
import type { Engine } from "../../src/engine/engine.js";
import { logits } from "../../src/math/passes.js";
import { logitBounds } from "../../src/parity/objective.js";
import { ratio } from "../../src/parity/step.js";
import { type Shape, kindsOf, randomRows, randomWeights } from "./problems.js";

/** Most rows of a block, so that the larger shapes have several. */
const BLOCK_ROWS = 50;

/** Calls `engine` within tests, once it is open. `typed` is for `kindsOf`. */
export function logitsConform(
  shapes: readonly Shape[],
  engine: () => Engine,
  typed?: readonly number[],
): void {
  test.each(shapes.flatMap((shape) => kindsOf(shape, typed).map((kind) => ({ ...shape, kind }))))(
    "logits of $count rows × $features features × $classes classes, $kind, are within their error bound",
    async ({ kind, ...shape }) => {
      const { classes, count } = shape;
      const rows = randomRows(shape, kind, 141);
      const weights = randomWeights(shape, 142);
      const placement = await engine().place(rows);
      const pass = await placement.logits({ classes, weights, blockRows: Math.min(BLOCK_ROWS, count) });
      try {
        expect(pass.blockRows).toBeLessThanOrEqual(BLOCK_ROWS);
        const firsts = range(Math.ceil(count / pass.blockRows)).map((block) => block * pass.blockRows);
        // All blocks are asked for at once, and the first once more at the end.
        const found = await Promise.all(
          Array.from([...firsts, 0], async (first) => {
            const size = Math.min(pass.blockRows, count - first);
            return { first, size, z: await pass.logits(first, size) };
          }),
        );
        for (const { first, size, z } of found) {
          const block = inF64(selectRows(rows, range(size, first)));
          const bounds = logitBounds(block, weights, classes);
          const exact = logits(block, range(size), weights, classes);
          expect(z).toHaveLength(size * classes);
          expect(ratio(Float64Array.from(z), exact, (i) => bounds[i])).toBeLessThan(1);
        }
        expect(found.at(-1)?.z).toEqual(found[0].z);
      } finally {
        pass.release();
        placement.release();
      }
    },
  );
}
