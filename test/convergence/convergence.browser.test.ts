/** What fits on WebGPU say of themselves, on random problems, against the exact minima. */
import { expect, inject, test } from "vitest";
import { promisesBroken } from "./promises.js";

declare module "vitest" {
  interface ProvidedContext {
    /** The random problems to fit: SMIGH_SEEDS, or a handful. */
    seeds: string;
  }
}

test("converged is a promise on webgpu", { timeout: 7_200_000 }, async () => {
  expect(await promisesBroken("webgpu", inject("seeds"))).toBe("");
});
