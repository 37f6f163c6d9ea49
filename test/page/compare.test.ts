/** Tests the page's comparison of solvers and the objective it compares them by. */
import { beforeAll, describe, expect, test } from "vitest";
import { compare } from "../../bench/page/train/compare.js";
import { weigh } from "../../bench/page/train/objective.js";
import type { ComparedPoint } from "../../bench/page/train/protocol.js";
import { createDataset } from "../../src/data/dataset.js";
import { SoftmaxModel } from "../../src/index.js";
import { SOLVER_NAMES } from "../../src/solvers/solver-table.js";
import { clouds } from "../support/examples.js";
import { modelOf } from "../support/models.js";

/** Noise with a mark at a place that depends on the digit. */
function digits(count: number): { x: Uint8Array; y: Uint8Array } {
  const y = Uint8Array.from({ length: count }, (_, row) => row % 10);
  const x = Uint8Array.from({ length: 784 * count }, (_, i) => (i * 7919) % 61);
  y.forEach((label, row) => x.fill(200, 784 * row + 40 * label, 784 * row + 40 * label + 8));
  return { x, y };
}

describe("the objective that solvers are compared by", () => {
  const { x, y, features } = clouds(60, 4, 3, 0.8);
  const { rows } = createDataset({ x, y, features });
  const model = modelOf<number>(
    [0, 1, 2],
    [
      [0.5, -1, 0.25],
      [0.1, 0.7, -0.6],
      [-0.3, 0.2, 0.9],
      [1.5, -0.4, 0],
    ],
    [0.3, -0.2, 0.5],
  );

  test("is the mean loss and the penalty, without the intercept's", async () => {
    expect(weigh(model, rows, 0).objective).toBeCloseTo((await model.evaluate({ x, y })).loss, 12);
    const square = model.weights.reduce((sum, w) => sum + w * w, 0);
    expect(weigh(model, rows, 0.3).objective - weigh(model, rows, 0).objective).toBeCloseTo(
      0.15 * square,
      12,
    );
  });

  test("has as its largest gradient the largest of all differences", () => {
    const l2 = 0.3;
    const h = 2 ** -12;
    const slope = (part: "weights" | "bias", i: number) => {
      const at = (value: number) => {
        const moved = new SoftmaxModel({ ...model, [part]: model[part].with(i, value) });
        return weigh(moved, rows, l2).objective;
      };
      const value = model[part][i];
      const [low, high] = [Math.fround(value - h), Math.fround(value + h)];
      return Math.abs(at(high) - at(low)) / (high - low);
    };
    const slopes = [
      ...Array.from(model.weights, (_, i) => slope("weights", i)),
      ...Array.from(model.bias, (_, i) => slope("bias", i)),
    ];
    expect(weigh(model, rows, l2).gradientMax).toBeCloseTo(Math.max(...slopes), 5);
  });
});

describe("the comparison", () => {
  const all: ComparedPoint[] = [];
  beforeAll(async () => {
    for await (const point of compare(digits(40), "wasm", new AbortController().signal)) all.push(point);
  });
  const of = (solver: string) => all.filter((point) => point.solver === solver);

  test("has every solver in turn, with ever more passes", () => {
    expect([...new Set(all.map(({ solver }) => solver))]).toEqual(SOLVER_NAMES);
    for (const solver of SOLVER_NAMES) {
      const passes = of(solver).map((point) => point.passes);
      expect(passes).toEqual(passes.toSorted((a, b) => a - b));
      expect(new Set(passes).size).toBe(passes.length);
    }
    expect(of("gd").map(({ passes }) => passes)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  });

  test("ends those that go to the optimum there, and no other is below it", () => {
    const lowest = Math.min(...all.map(({ objective }) => objective));
    for (const solver of ["lbfgs", "newton"]) {
      const last = of(solver).at(-1);
      expect(last?.reason).toMatch(/within tolerance/);
      expect(last?.gradientMax).toBeLessThan(1e-5);
      expect((last?.objective ?? Infinity) - lowest).toBeLessThan(1e-6);
    }
    const falling = of("gd").map(({ objective }) => objective);
    expect(falling).toEqual(falling.toSorted((a, b) => b - a));
  });

  test("ends with the signal's reason", async () => {
    const stop = new AbortController();
    const points = compare(digits(20), "wasm", stop.signal);
    await points.next();
    stop.abort(new Error("enough"));
    await expect(points.next()).rejects.toThrow("enough");
  });
});
