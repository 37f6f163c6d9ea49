/** Errors ÷ bounds of operations on vectors. */
import { range } from "../../src/core/random.js";
import { logits } from "../../src/math/passes.js";
import { TINY, U, gamma, ratio } from "../../src/parity/step.js";

/** Checks M·v, where each element is a sum of as many products as M has columns. */
export function multiplyRatio(
  matrix: Float32Array,
  v: Float64Array,
  classes: number,
  found: Float64Array,
): number {
  const size = v.length / classes;
  const [exact, most] = [0, 1].map((absolutely) => {
    const values = absolutely ? matrix.map(Math.abs) : matrix;
    const rows = { count: size, features: size, x: values, scale: 1 };
    const columns = new Float64Array(v.length + classes); // the intercept's row stays 0
    columns.set(absolutely ? v.map(Math.abs) : v);
    return logits(rows, range(size), columns, classes);
  });
  return ratio(found, exact, (i) => gamma(size + 1) * most[i] + TINY * size);
}

/** Checks v less its mean over the classes. */
export function centreRatio(v: Float64Array, classes: number, found: Float64Array): number {
  const meansOf = (values: Float64Array) =>
    Float64Array.from(
      { length: values.length / classes },
      (_, d) => total(values.subarray(d * classes, (d + 1) * classes)) / classes,
    );
  const most = v.map(Math.abs);
  const [means, mostMeans] = [v, most].map(meansOf);
  const featureOf = (i: number) => Math.floor(i / classes);
  return ratio(
    found,
    v.map((value, i) => value - means[featureOf(i)]),
    (i) => gamma(classes + 2) * mostMeans[featureOf(i)] + 2 * U * most[i] + TINY,
  );
}

export function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
