/** Checks what fits report of themselves, on random problems, against the exact minima. */
import { expect, test } from "vitest";
import { promisesBroken } from "./promises.js";

/**
 * SMIGH_SEEDS=0..5000, SMIGH_TALL_SEEDS=0..200 and SMIGH_ADJUSTED_SEEDS=0..1000 try more of them; `npm run
 * test:long` does so.
 */
const SEEDS = process.env["SMIGH_SEEDS"] ?? "0..80";

test.each(["wasm", "reference"] as const)(
  `converged is a promise, and reason tells the distance: %s, seeds ${SEEDS}`,
  { timeout: 7_200_000 },
  async (engine) => expect(await promisesBroken(engine, SEEDS)).toBe(""),
);

const TALL = process.env["SMIGH_TALL_SEEDS"] ?? "11,28,169,175";

test.each(["wasm", "reference"] as const)(
  `the same of tall problems, whose distance a sample bounds: %s, seeds ${TALL}`,
  { timeout: 7_200_000 },
  async (engine) => expect(await promisesBroken(engine, TALL, { tall: true })).toBe(""),
);

const ADJUSTED = process.env["SMIGH_ADJUSTED_SEEDS"] ?? "0..40,679";

test.each(["wasm", "reference"] as const)(
  `the same with penalty factors, some of them 0, and offsets: %s, seeds ${ADJUSTED}`,
  { timeout: 7_200_000 },
  async (engine) => expect(await promisesBroken(engine, ADJUSTED, { adjusted: true })).toBe(""),
);

test.each(["wasm", "reference"] as const)(
  "the same of a tall problem whose free features few rows have: %s, seed 28",
  { timeout: 7_200_000 },
  async (engine) => expect(await promisesBroken(engine, "28", { tall: true, adjusted: true })).toBe(""),
);
