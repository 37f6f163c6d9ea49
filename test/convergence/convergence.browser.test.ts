/** Checks what fits on WebGPU report of themselves, on random problems, against the exact minima. */
import { expect, inject, test } from "vitest";
import { promisesBroken } from "./promises.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Seeds of the random problems: SMIGH_SEEDS, or a few. */
    seeds: string;
  }
}

test("converged is a promise on webgpu", { timeout: 7_200_000 }, async () => {
  expect(await promisesBroken("webgpu", inject("seeds"))).toBe("");
});
