/** Checks what fits report of themselves, on random problems, against the exact minima. */
import { expect, test } from "vitest";
import { promisesBroken } from "./promises.js";

/** SMIGH_SEEDS=0..5000 tries more of them; `npm run test:long` does so. */
const SEEDS = process.env["SMIGH_SEEDS"] ?? "0..80";

test.each(["wasm", "reference"] as const)(
  `converged is a promise, and reason tells the distance: %s, seeds ${SEEDS}`,
  { timeout: 7_200_000 },
  async (engine) => expect(await promisesBroken(engine, SEEDS)).toBe(""),
);
