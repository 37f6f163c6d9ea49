/**
 * Checks that data identify the coefficients. A DataError says which coefficients they do not, why, and what
 * to do.
 */
import type { Label } from "../../data/labels.js";
import type { Rows } from "../../core/rows.js";
import { DataError } from "../../core/errors.js";
import { factorise } from "../../math/cholesky.js";

/**
 * Throws a DataError where a class has no rows or a column is constant, since such coefficients are not
 * identified. `rows` have weights above 0. An absent class is allowed with l2 and no intercept; without an
 * intercept only columns of zeros are rejected.
 */
export function checkPresent(rows: Rows, classes: readonly Label[], l2: number, intercept: boolean): void {
  const { x, features, count, labels } = rows;
  const present = new Set(labels);
  const absent = classes.findIndex((_, k) => !present.has(k));
  if (absent >= 0 && (l2 === 0 || intercept)) {
    throw new DataError(
      `Class ${String(classes[absent])} has none of the ${count} rows, so its weights fall for ever and there is no ` +
        "optimum. Pass the rows that the model was trained on, or train without the class.",
    );
  }
  for (let d = 0; d < features; d++) {
    const value = x[d];
    if ((value !== 0 && !intercept) || labels.some((_, row) => x[row * features + d] !== value)) continue;
    throw new DataError(
      `Feature ${d} is ${value} in all ${count} rows: a constant column says nothing of the classes. ` +
        "Leave it out, and train again.",
    );
  }
}

/**
 * Throws a DataError where rows are too few or features collinear, so that coefficients without a penalty are
 * not determined. gram: (width, width) with a diagonal of 1; overwritten. Pivots below `least` count as 0.
 */
export function checkIndependent(gram: Float64Array, width: number, rows: Rows, least: number): void {
  if (rows.count < width) {
    throw new DataError(
      `There are ${rows.count} rows for ${width} coefficients of a class, which they do not fix. ` +
        "Use more rows or fewer features, or train with l2 and pass it here.",
    );
  }
  const dependent = factorise(gram, width, least);
  if (dependent < 0) return;
  throw new DataError(
    dependent < rows.features
      ? `The features are collinear: feature ${dependent} is a combination of those before it. ` +
          "Leave it out, or train with l2 and pass it here."
      : "The features are collinear: a combination of them is the same in all rows, as the columns of a one-hot coding add up " +
          "to 1, or as features far from 0 hardly change. Leave one out, or bring them to a mean of 0, or train with l2 and pass it here.",
  );
}
