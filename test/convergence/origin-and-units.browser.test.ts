/**
 * Checks on WebGPU that a fit comes equally near the minimum whatever the origin and the units of the
 * features.
 */
import { describe, expect, test } from "vitest";
import { SOLVERS, givenAs, standing } from "./origin-and-units.js";

describe.each([1, 1e2, 1e3, 1e6])("with a mean of %d deviations", (ratio) => {
  describe.each(givenAs(ratio).filter(({ name }) => name !== "number[][]"))("of $name", (given) => {
    test.each(SOLVERS)("%s comes within the tolerance of the minimum", async (solver) => {
      const { minimum, above, converged, reason, off } = await standing("webgpu", solver, ratio, given);
      expect(minimum).toBeGreaterThan(0.1);
      expect({ converged, reason }).toEqual({
        converged: true,
        reason: expect.stringContaining("within tolerance 1e-6"),
      });
      expect(above).toBeLessThan(1e-6);
      expect(above).toBeGreaterThan(-1e-9);
      expect(off).toBeLessThan(1e-6);
    });
  });
});
