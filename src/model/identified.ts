/** Whether data say what the coefficients are, and if not, why not. */
import type { Label } from "../data/labels.js";
import type { Rows } from "../engine/engine.js";
import { DataError } from "../errors.js";
import { factorise } from "./cholesky.js";
import { designBlocks } from "./information.js";

/** Throws a DataError for what can be seen at once: a class without rows, a column that never changes. */
export function checkIdentified(rows: Rows, classes: readonly Label[], l2: number, intercept: boolean): void {
  const { x, features, weights, labels } = rows;
  const counted = labels.map((_, row) => row).filter((row) => !weights || weights[row] > 0);
  const present = new Set(Array.from(counted, (row) => labels[row]));
  const absent = classes.findIndex((_, k) => !present.has(k));
  if (absent >= 0 && (l2 === 0 || intercept)) {
    throw new DataError(
      `Class ${String(classes[absent])} has none of the ${counted.length} rows that have a weight, so its weights fall for ever and there is ` +
        "no optimum. Pass the rows that the model was trained on, or train without the class.",
    );
  }
  for (let d = 0; d < features; d++) {
    const value = x[counted[0] * features + d];
    if ((value !== 0 && !intercept) || counted.some((row) => x[row * features + d] !== value)) continue;
    throw new DataError(
      `Feature ${d} is ${value} in all ${counted.length} rows: a constant column says nothing of the classes, so its coefficients ` +
        "have no errors. Leave it out, and train again.",
    );
  }
}

/** The cause of a Hessian that cannot be inverted, where the data have no constant column. `scales`: see `columnScales`. */
export function whySingular(rows: Rows, scales: Float64Array, least: number): string {
  const { count, features } = rows;
  const width = scales.length;
  if (count < width) {
    return `There are ${count} rows for ${width} coefficients a class: use more rows or fewer features, or train with l2 and pass it here.`;
  }
  const gram = new Float64Array(width * width);
  for (const { x, weights } of designBlocks(rows, width)) {
    weights.forEach((weight, n) => {
      for (let d = 0; d < width; d++) {
        const value = weight * scales[d] * x[n * width + d];
        for (let e = 0; e <= d; e++) gram[d * width + e] += value * scales[e] * x[n * width + e];
      }
    });
  }
  const dependent = factorise(gram, width, least);
  if (dependent === features) {
    return "The features are collinear: a combination of them is the same in all rows, as the columns of a one-hot coding are together. Leave one out, or train with l2 and pass it here.";
  }
  if (dependent >= 0) {
    return `The features are collinear: feature ${dependent} is a combination of those before it. Leave it out, or train with l2 and pass it here.`;
  }
  return "The features are not collinear, so the probabilities are as good as 0 and 1: some classes are separable, and without a penalty their weights grow for ever. Train with l2 and pass it here.";
}
