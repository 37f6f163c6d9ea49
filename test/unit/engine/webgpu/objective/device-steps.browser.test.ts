/** Checks that steps on the device are those that the operations of an objective make. */
import { expect, test } from "vitest";
import { conjugateSteps } from "../../../../../src/engine/conjugate-steps.js";
import type { ConjugateStep, ConjugateSystem } from "../../../../../src/engine/conjugate-system.js";
import type { Objective } from "../../../../../src/engine/objective.js";
import { nearIdentity, systemOf } from "../../../../conformance/conjugate-steps.js";
import { objectiveOf } from "../../../../conformance/objectives.js";
import { randomRows, randomWeights } from "../../../../conformance/problems.js";
import type { WebGpuOptions } from "../../../../support/engines.js";
import { withObjective } from "../with-objective.js";

const SHAPE = { count: 300, features: 38, classes: 7 };
const rows = randomRows(SHAPE, "f32", 91);
const problem = objectiveOf(rows, SHAPE.classes);
/** The kernels of software adapters, and those of GPUs. */
const ADAPTERS = [{}, { capacity: { slow: false } }];

interface Found {
  readonly steps: readonly ConjugateStep[];
  readonly vectors: readonly Float64Array[];
}

/** Takes three steps of an equation. Free weights are those that are not 0. */
function takeThree(
  options: WebGpuOptions,
  take: (objective: Objective, system: ConjugateSystem) => Promise<readonly ConjugateStep[]>,
  { isFree = false, preconditioned = true } = {},
): Promise<Found> {
  return withObjective(options, rows, problem, async (objective) => {
    const { space } = objective;
    await objective.linearize(space.vector(randomWeights(SHAPE, 92)), space.vector());
    const { system: whole } = systemOf(objective, SHAPE, 93, undefined);
    const matrix = preconditioned ? space.matrix(nearIdentity(SHAPE.features + 1, 94)) : undefined;
    const w = space.vector(randomWeights(SHAPE, 95).map((value, i) => (i % 3 === 0 ? 0 : value)));
    const free = isFree ? { w, d: space.vector() } : undefined;
    if (free) {
      for (const vector of [whole.r, whole.z, whole.d]) {
        space.combine(whole.scratch, [[1, vector]]);
        space.restrict(vector, whole.scratch, free.w, free.d);
      }
    }
    const system = { ...whole, matrix, free };
    const steps = await take(objective, system);
    const vectors = [system.p, system.r, system.z, system.d].map(async (one) =>
      Float64Array.from(await space.read(one)),
    );
    return { steps, vectors: await Promise.all(vectors) };
  });
}

const SYSTEMS = [{}, { preconditioned: false }, { isFree: true }, { isFree: true, preconditioned: false }];

test.each(ADAPTERS.flatMap((options) => SYSTEMS.map((system) => ({ options, system }))))(
  "they are those of the operations one by one: $system, $options",
  async ({ options, system }) => {
    const found = await takeThree(options, (objective, of) => objective.conjugateSteps(of, 3), system);
    const expected = await takeThree(options, (objective, of) => conjugateSteps(objective, of, 3), system);
    expected.steps.forEach((step, n) => {
      const { before, after, length, slope } = found.steps[n];
      expect(before / step.before).toBeCloseTo(1, 4);
      expect(length / step.length).toBeCloseTo(1, 4);
      expect((after - step.after) / step.before).toBeCloseTo(0, 4);
      expect(slope / step.slope).toBeCloseTo(1, 3);
    });
    expected.vectors.forEach((vector, n) => {
      const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = vector.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - found.vectors[n][i])),
        0,
      );
      expect(error / largest).toBeLessThan(1e-4);
      expect(vector.map((value) => Number(value === 0))).toEqual(
        found.vectors[n].map((value) => Number(value === 0)),
      );
    });
  },
);

test("together they have the bits that they have one by one", async () => {
  const together = await takeThree({}, (objective, system) => objective.conjugateSteps(system, 3));
  const apart = await takeThree({}, async (objective, system) => {
    const steps = [];
    while (steps.length < 3) steps.push(...(await objective.conjugateSteps(system, 1)));
    return steps;
  });
  expect(together).toEqual(apart);
});
