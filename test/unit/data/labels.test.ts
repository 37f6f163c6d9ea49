/** Tests classes and labels of every type. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Label, type SoftmaxModel, train } from "../../../src/index.js";
import { numberLabels } from "../../../src/data/labels.js";

function classesOf<L extends Label>(y: ArrayLike<L>, classes?: readonly L[]) {
  return numberLabels(y, classes, "y");
}

describe("classes", () => {
  // The orders are those of np.unique, which scikit-learn uses.
  test.each<{ kind: string; y: ArrayLike<Label>; classes: Label[]; labels: number[] }>([
    {
      kind: "strings, by code point",
      y: ["dog", "Cat", "cat", "émeu", "dog", ""],
      classes: ["", "Cat", "cat", "dog", "émeu"],
      labels: [3, 1, 2, 4, 3, 0],
    },
    {
      kind: "strings of digits, as strings",
      y: ["10", "9", "1"],
      classes: ["1", "10", "9"],
      labels: [1, 2, 0],
    },
    { kind: "numbers, as numbers", y: [10, 9, 1, 100], classes: [1, 9, 10, 100], labels: [2, 1, 0, 3] },
    { kind: "negative numbers", y: [1, -1, -20, 0], classes: [-20, -1, 0, 1], labels: [3, 1, 0, 2] },
    { kind: "booleans", y: [true, false, true], classes: [false, true], labels: [1, 0, 1] },
    {
      kind: "bigints beyond 2⁵³",
      y: [2n ** 60n, 2n ** 60n + 1n, -1n],
      classes: [-1n, 2n ** 60n, 2n ** 60n + 1n],
      labels: [1, 2, 0],
    },
    { kind: "bytes", y: Uint8Array.of(7, 3, 7, 255), classes: [3, 7, 255], labels: [1, 0, 1, 2] },
    { kind: "Int32Array", y: Int32Array.of(5, -5, 5), classes: [-5, 5], labels: [1, 0, 1] },
    {
      kind: "Float32Array of whole numbers",
      y: Float32Array.of(2, 0, 1),
      classes: [0, 1, 2],
      labels: [2, 0, 1],
    },
    { kind: "BigInt64Array", y: BigInt64Array.of(5n, -5n), classes: [-5n, 5n], labels: [1, 0] },
  ])("are the distinct labels in sorted order: $kind", ({ y, classes, labels }) => {
    expect(classesOf(y)).toEqual({ classes, labels: Uint32Array.from(labels) });
  });

  test("take the order that is given, and may lack examples", () => {
    expect(classesOf(["no", "yes", "no"], ["yes", "no", "maybe"])).toEqual({
      classes: ["yes", "no", "maybe"],
      labels: Uint32Array.of(1, 0, 1),
    });
  });

  test("and labels together give every label back", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 2 }), (y) => {
        fc.pre(new Set(y).size > 1);
        const { classes, labels } = classesOf(y);
        expect(Array.from(labels, (label) => classes[label])).toEqual(y);
        expect(classes).toEqual([...new Set(y)].sort((a, b) => a - b));
      }),
    );
  });
});

describe("a model", () => {
  const x = [[0], [1], [0], [1]];
  const fit = <L extends Label>(y: ArrayLike<L>, classes?: readonly L[]): Promise<SoftmaxModel<L>> =>
    train(
      { x, y, ...(classes && { classes }) },
      { engine: "reference", solver: "gd", epochs: 200, learningRate: 2 },
    );

  test("predicts labels of the type that they came in", async () => {
    expect((await fit(["no", "yes", "no", "yes"])).predict(x)).toEqual(["no", "yes", "no", "yes"]);
    expect((await fit([false, true, false, true])).predict(x)).toEqual([false, true, false, true]);
    expect((await fit([3n, -1n, 3n, -1n])).predict(x)).toEqual([3n, -1n, 3n, -1n]);
    expect((await fit(Int8Array.of(5, -5, 5, -5))).predict(x)).toEqual([5, -5, 5, -5]);
  });

  test("has its logits and probabilities in the order of classes", async () => {
    const y = ["no", "yes", "no", "yes"];
    const sorted = await fit(y);
    const given = await fit(y, ["yes", "no"]);
    expect(sorted.classes).toEqual(["no", "yes"]);
    expect(given.classes).toEqual(["yes", "no"]);
    const [no, yes] = sorted.predictProba([[0]]);
    const [first, second] = given.predictProba([[0]]);
    expect(no).toBeGreaterThan(0.9);
    expect(second).toBeCloseTo(no, 6);
    expect(first).toBeCloseTo(yes, 6);
  });

  test("gives a class without examples a falling share, and never predicts it", async () => {
    const model = await fit(["no", "yes", "no", "yes"], ["maybe", "no", "yes"]);
    expect(model.predict(x)).toEqual(["no", "yes", "no", "yes"]);
    expect(model.predictProba([[0]])[0]).toBeLessThan(0.1);
  });
});
