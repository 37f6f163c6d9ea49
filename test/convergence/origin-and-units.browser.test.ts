/** Neither the origin of the features nor their units matter to how near the minimum a fit comes, on WebGPU. */
import { describe, test } from "vitest";
import { SOLVERS, givenAs, reachesMinimum } from "./origin-and-units.js";

describe.each([1, 1e2, 1e3, 1e6])("with a mean of %d deviations", (ratio) => {
  describe.each(givenAs(ratio).filter(({ name }) => name !== "number[][]"))("of $name", (given) => {
    test.each(SOLVERS)("%s comes within the tolerance of the minimum", (solver) =>
      reachesMinimum("webgpu", solver, ratio, given),
    );
  });
});
