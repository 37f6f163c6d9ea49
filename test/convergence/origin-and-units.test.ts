/** Checks that a fit comes equally near the minimum whatever the origin and the units of the features. */
import { describe, expect, test } from "vitest";
import { type SoftmaxModel, type TrainOptions, train } from "../../src/index.js";
import { distance } from "../support/arrays.js";
import { clouds } from "../support/examples.js";
import { RATIOS, SOLVERS, givenAs, standing } from "./origin-and-units.js";

const ENGINES = ["reference", "wasm"] as const;

describe.each(ENGINES)("on %s", (engine) => {
  describe.each(RATIOS)("with a mean of %d deviations", (ratio) => {
    describe.each(givenAs(ratio))("of $name", (given) => {
      test.each(SOLVERS)("%s comes within the tolerance of the minimum", async (solver) => {
        const { minimum, above, converged, reason, off } = await standing(engine, solver, ratio, given);
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
});

const { x, y, features } = clouds(150, 4, 3, 0.8);

describe.each(ENGINES)("on %s", (engine) => {
  test.each<TrainOptions<number>>([
    { solver: "lbfgs", l2: 1e-12 },
    { solver: "lbfgs", l2: 0 },
    { solver: "lbfgs", l1: 1e-6 },
    { solver: "newton", l2: 1e-12 },
    { solver: "lbfgs", l2: 0.01, standardize: true },
    { solver: "gd", epochs: 30, standardize: true },
    { solver: "adam", epochs: 3, learningRate: 0.03, standardize: true },
  ])("a model of unix milliseconds predicts what was reached: %o", async (options) => {
    // Timestamps within a minute of a present-day time, beside features near 0.
    const far = Float64Array.from(x, (value, i) => (i % features === 0 ? 1.7e12 + 3e4 * value : value));
    const data = { x: far, y, features };
    const model = await train(data, { engine, ...options, validation: data });
    const reached = model.history.at(-1)?.validation?.loss ?? 0;
    expect(reached).toBeLessThan(0.9 * Math.log(3));
    expect(Math.abs((await model.evaluate(data)).loss / reached - 1)).toBeLessThan(1e-6);
    // The timestamps matter: without them the loss is higher.
    const still = far.map((value, i) => (i % features === 0 ? 1.7e12 : value));
    expect((await model.evaluate({ ...data, x: still })).loss).toBeGreaterThan(1.02 * reached);
    expect(
      distance(model.predictProba(far.subarray(0, features)), model.predictProba(far).subarray(0, 3)),
    ).toBe(0);
  });
});

/** Probabilities and iterations of fits of the same rows with another origin and in other units. */
async function fits(
  engine: (typeof ENGINES)[number],
  rows: readonly Float64Array[],
  options: readonly TrainOptions<number>[],
) {
  const models: SoftmaxModel<number>[] = [];
  for (const [n, one] of rows.entries()) {
    models.push(
      await train({ x: one, y, features }, { engine, tolerance: 1e-9, maxIterations: 500, ...options[n] }),
    );
  }
  return models.map((model, n) => ({
    probabilities: model.predictProba(rows[n]),
    iterations: model.iterations,
    converged: model.converged,
  }));
}

describe.each(ENGINES)("on %s", (engine) => {
  describe.each(["lbfgs", "newton"] as const)("by %s", (solver) => {
    /**
     * Differences between the first fit and the others. In f32 rounding stalls a fit sooner or later, so
     * iterations are only comparable in f64.
     */
    const differences = (
      [plain, ...others]: Awaited<ReturnType<typeof fits>>,
      most: (iterations: number) => number,
    ) =>
      others.filter(
        ({ probabilities, iterations, converged }) =>
          !(plain.converged && converged) ||
          !(distance(probabilities, plain.probabilities) < 1e-6) ||
          (engine === "reference" && iterations > most(plain.iterations)),
      );

    const penalties: TrainOptions<number>[] = [
      { l2: 1e-3 },
      { l2: 0 },
      ...(solver === "lbfgs" ? [{ l1: 1e-3 }, { l1: 1e-3, l2: 1e-3 }] : []),
    ];

    test.each(penalties)("moving the origin changes nothing: %o", async (penalty) => {
      const rows = [0, 1, 1e3, 1e6].map((away) => x.map((value, i) => value + away * (i % 2 === 0 ? 1 : -1)));
      const options = rows.map(() => ({ solver, ...penalty }));
      expect(differences(await fits(engine, rows, options), (iterations) => iterations + 1)).toEqual([]);
    });

    test("without a penalty other units change no probability", async () => {
      const rows = [
        [1, 1, 1, 1],
        [1e-12, 1e-4, 1e4, 1e12],
        [3, 0.7, 1e-3, 50],
      ].map((scales) => x.map((value, i) => scales[i % features] * value));
      const options = rows.map(() => ({ solver, l2: 0 }));
      expect(differences(await fits(engine, rows, options), (iterations) => 3 * iterations)).toEqual([]);
    });

    test.each(penalties)(
      "a common factor, for which the penalty makes up, changes nothing: %o",
      async ({ l1, l2 }) => {
        const scales = [1, 1e-10, 0.3, 1e10];
        const rows = scales.map((scale) => x.map((value) => scale * value));
        const options = scales.map((scale) => ({
          solver,
          ...(l1 !== undefined && { l1: l1 * scale }),
          ...(l2 !== undefined && { l2: l2 * scale ** 2 }),
        }));
        expect(differences(await fits(engine, rows, options), (iterations) => iterations + 2)).toEqual([]);
      },
    );
  });
});
