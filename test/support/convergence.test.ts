/** Tests the judge of the convergence tests on fits that report wrong results. */
import { expect, test } from "vitest";
import { type Label, SoftmaxModel, type TrainOptions, type TrainingData, train } from "../../src/index.js";
import { caseOf, judge } from "./convergence.js";
import { seedsIn } from "./seeds.js";
import { brokenPromises } from "./verdicts.js";

/** A problem without l1, started from zeros, with an intercept. */
const one = seedsIn("0..50")
  .map((seed) => caseOf(seed))
  .find(
    ({ problem: { kind, start, flags, dense } }) =>
      kind === "newton" && start === "zeros" && flags.length === 0 && dense.intercept && dense.l2 > 1e-3,
  );

/** Judges the minimum in f64, with its weights multiplied by `factor` and its report replaced by `said`. */
function verdictOn(said: { readonly converged: boolean; readonly reason: string }, factor = 1) {
  if (!one) throw new Error("No seed gives such a problem.");
  const lie: typeof train = async <L extends Label>(data: TrainingData<L>, options: TrainOptions<L> = {}) => {
    const model = await train(data, { ...options, tolerance: 1e-9 });
    return new SoftmaxModel({ ...model, ...said, weights: model.weights.map((w) => factor * w) });
  };
  return judge(one, "reference", lie);
}

const within = (part: number) => `F within about ${part} of its minimum`;

test("a fit at the minimum that says so keeps its promises", async () => {
  const verdict = await verdictOn({ converged: true, reason: within(1e-7) });
  expect(verdict).toMatchObject({ falseConverged: false, falseNot: false, oracleBeaten: false });
  expect(brokenPromises([verdict])).toBe("");
});

test("a fit at the minimum that says that it is not there is found", async () => {
  const verdict = await verdictOn({ converged: false, reason: within(1e-3) });
  expect(verdict).toMatchObject({ falseConverged: false, falseNot: true });
  expect(brokenPromises([verdict])).toContain("at the minimum, but not converged: 1");
});

test("a fit elsewhere that says that it has converged is found, and so is its distance", async () => {
  const verdict = await verdictOn({ converged: true, reason: within(1e-6) }, 2);
  expect(verdict).toMatchObject({ falseConverged: true, falseNot: false });
  expect(verdict.understatement).toBeGreaterThan(10);
  const report = brokenPromises([verdict]);
  expect(report).toContain(`false converged: 1\n  reference:${verdict.seed}`);
  expect(report).toContain("distance understated: 1");
});

test("a fit elsewhere that says how far it is keeps its promises", async () => {
  const { fit, minimum } = await verdictOn({ converged: false, reason: "" }, 2);
  const part = fit ? (fit.value - minimum.value) / fit.value : 0;
  const verdict = await verdictOn({ converged: false, reason: within(part / 5) }, 2);
  expect(verdict.understatement).toBeGreaterThan(1);
  expect(brokenPromises([verdict])).toBe("");
});

test("the same seed gives the same problem", () => {
  expect(caseOf(7)).toEqual(caseOf(7));
  expect(caseOf(7).problem.dense).not.toEqual(caseOf(8).problem.dense);
});
