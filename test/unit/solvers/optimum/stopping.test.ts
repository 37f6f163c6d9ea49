/** The rules by which full-batch training stops, one by one, and the reasons that it gives. */
import { describe, expect, test } from "vitest";
import {
  aborted,
  converged,
  lostDigits,
  outOfPatience,
  unfinished,
} from "../../../../src/solvers/optimum/reasons.js";
import {
  StallDetector,
  fractionDone,
  isSeparable,
  meetsTolerance,
} from "../../../../src/solvers/optimum/stopping.js";

describe("the tolerance is met", () => {
  test.each([
    { value: 2, distance: 1.9e-5, gradientMax: 1e-5, met: true },
    { value: 2, distance: 2.1e-5, gradientMax: 1e-5, met: false },
    { value: 2, distance: 0, gradientMax: 1.1e-5, met: false },
    { value: 1e-6, distance: 0.9e-7, gradientMax: 0, met: true }, // a part of 0.01, where F is below it
    { value: 1e-6, distance: 1.1e-7, gradientMax: 0, met: false },
    { value: 2, distance: Infinity, gradientMax: 0, met: false },
    { value: 2, distance: Number.NaN, gradientMax: 0, met: false },
    { value: 2, distance: 0, gradientMax: Number.NaN, met: false },
  ])(
    "$met at F = $value within $distance, with a gradient of $gradientMax",
    ({ met, distance, ...point }) => {
      expect(meetsTolerance(point, distance, 1e-5)).toBe(met);
    },
  );

  test("by what is enough, where that is more", () => {
    const point = { value: 2, gradientMax: 1e-6 };
    expect(meetsTolerance(point, 0.05, 1e-5)).toBe(false);
    expect(meetsTolerance(point, 0.05, 1e-5, 0.1)).toBe(true);
    expect(meetsTolerance(point, 1e-5, 1e-5, 0)).toBe(true);
  });
});

test("classes are separable where all rows are right and nothing bounds the weights", () => {
  const right = { hits: 7, weight: 7 };
  const free = { l1: 0, l2: 0, labelSmoothing: 0 };
  expect(isSeparable(right, {}, free)).toBe(true);
  expect(isSeparable({ hits: 6, weight: 7 }, {}, free)).toBe(false);
  expect(isSeparable(right, { soft: true }, free)).toBe(false);
  expect(isSeparable(right, { offsets: true }, free)).toBe(false);
  for (const bound of ["l1", "l2", "labelSmoothing"]) {
    expect(isSeparable(right, {}, { ...free, [bound]: 1e-9 })).toBe(false);
  }
});

test("a method has stalled after 20 points without a new low of F, gradient or distance", () => {
  const detector = new StallDetector();
  detector.observe({ value: 1, gradientMax: 1, distance: 1 });
  const points = [
    { value: 1 - 1e-8, gradientMax: 1, distance: 1 }, // within the rounding of F
    { value: 2, gradientMax: 2 },
  ];
  for (let turn = 0; turn < 19; turn++) detector.observe(points[turn % 2]);
  expect(detector.stalled).toBe(false);
  detector.observe(points[0]);
  expect(detector.stalled).toBe(true);
  for (const fell of [{ value: 0.9 }, { gradientMax: 0.9 }, { distance: 0.9 }]) {
    detector.observe({ value: 2, gradientMax: 2, ...fell });
    expect(detector.stalled, JSON.stringify(fell)).toBe(false);
    for (let turn = 0; turn < 20; turn++) detector.observe(points[1]);
    expect(detector.stalled).toBe(true);
  }
});

test("the fraction done goes by iterations or by the gradient, and is 1 only at the end", () => {
  const at = (gradientMax: number) => ({ gradientMax });
  expect(fractionDone(0.1, at(1), at(1), 1e-4)).toBe(0.1);
  expect(fractionDone(0.1, at(1), at(1e-2), 1e-4)).toBeCloseTo(0.5);
  expect(fractionDone(0.1, at(1), at(1e-6), 1e-4)).toBe(0.99);
  expect(fractionDone(0.1, at(1e-5), at(1e-5), 1e-4)).toBe(0.1);
});

describe("reasons have a code and say how near F is to its minimum", () => {
  const point = {
    sums: { loss: 1, hits: 1, weight: 2 },
    value: 0.5,
    gradientMax: 1.234e-3,
    guess: 0,
    step: 1,
    distance: 5e-4,
  };
  const limits = { maxIterations: 30, separable: false, mayBeSeparable: false };

  test("where it converged, and where it did not", () => {
    expect(converged(point, 1e-6, 1e-5)).toEqual({
      code: "converged",
      text: "the largest gradient is 0.0012, and F within about 2e-6 of its minimum: within tolerance 1e-5",
    });
    expect(unfinished("max-iterations", point, limits)).toEqual({
      code: "max-iterations",
      text: "all 30 iterations are done, and the largest gradient is 0.0012, and F within about 0.001 of its minimum",
    });
    const { distance: _, ...unknown } = point;
    expect(unfinished("rounding", unknown, limits).text).toBe(
      "rounding hides any lower point: the largest gradient is 0.0012",
    );
    expect(lostDigits(point, 1e-3, 1e-4)).toMatchObject({
      code: "rounded-weights",
      text: expect.stringContaining("raises it by 2e-4 of itself"),
    });
    expect(outOfPatience(3)).toEqual({ code: "patience", text: "no lower validation loss for 3 iterations" });
    expect(aborted(4)).toEqual({ code: "aborted", text: "aborted after iteration 4" });
  });

  test("and that there may be no minimum, where offsets leave that open", () => {
    const { code, text } = unfinished("rounding", point, { ...limits, mayBeSeparable: true });
    expect(code).toBe("rounding");
    expect(text).toMatch(/^rounding hides .*of its minimum; all rows are right .* give l2 or C$/);
  });

  test("and separable classes come before everything else", () => {
    const { code, text } = unfinished("rounding", point, { ...limits, separable: true });
    expect(code).toBe("separable");
    expect(text).toMatch(
      /^the classes are separable .* give l2 or C; rounding hides any lower point: the largest gradient is 0\.0012/,
    );
  });
});
