/**
 * Checks the estimate of the smallest eigenvalue of P⁻¹·H, with preconditioner P, against its exact
 * eigenvalues.
 */
import { expect, test } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Rows } from "../../../../src/core/rows.js";
import {
  featureMoments,
  preconditioner,
  smallestEigenvalue,
} from "../../../../src/solvers/optimum/preconditioner.js";
import { clouds } from "../../../support/examples.js";
import { alongDifferences, hessianAt } from "../../../support/softmax-hessian.js";
import { eigenvalues } from "../../../support/symmetric.js";

interface Case {
  readonly seed: number;
  readonly intercept: boolean;
  readonly l2: number;
  /** Size of the weights at which the Hessian is taken; smaller where the penalty is above 1. */
  readonly size: number;
  /** One row in `rare` is of the last class. */
  readonly rare: number;
}

const RARE = [3];

const CASES: Case[] = [1, 2].flatMap((seed) =>
  [true, false].flatMap((intercept) =>
    [1e-4, 1e-2, 1, 100].flatMap((l2) =>
      [0, 1].flatMap((size) => RARE.map((rare) => ({ seed, intercept, l2, size, rare }))),
    ),
  ),
);

test.each(CASES)("it is never above the true one: %o", async ({ seed, intercept, l2, size, rare }) => {
  const [count, features, classes] = [120, 3, 3];
  const { x } = clouds(count, features, classes, 0.8, seed);
  const labels = Uint32Array.from({ length: count }, (_, row) => (row % rare === 0 ? 2 : row % 2));
  const rows: Rows = { count, features, x, scale: 1, labels };
  const penalties = Float64Array.from({ length: features }, (_, d) => l2 * (1 + d));
  const problem = { classes, intercept, scale: 1 / count, penalties, rows: range(count) };
  const most = size / (1 + l2);
  const w = Float64Array.from({ length: (features + 1) * classes }, (_, i) => most * Math.sin(seed + i));
  if (intercept) {
    // As at the minimum under a large penalty: the logits are those of the classes' shares.
    const shares = [0, 1, 2].map((k) => labels.filter((label) => label === k).length / count);
    shares.forEach((share, k) => (w[features * classes + k] = Math.log(share)));
  }
  const made = await preconditioner(await featureMoments(rows, range(count), intercept), penalties);
  const said = smallestEigenvalue(made, penalties);
  expect(said).toBeGreaterThan(0);
  expect(said).toBeLessThanOrEqual(
    smallestOf(made.values, hessianAt(rows, problem, w), features, classes, intercept),
  );
});

/** The smallest eigenvalue of (P⁻¹ ⊗ I)·H along differences of the classes. */
function smallestOf(
  inverse: ArrayLike<number>,
  hessian: Float64Array,
  features: number,
  classes: number,
  intercept: boolean,
): number {
  const width = features + Number(intercept);
  const wholes = (features + 1) * classes;
  const less = classes - 1;
  const h = alongDifferences(hessian, wholes, classes);
  // L·Lᵀ = P⁻¹, and the eigenvalues are those of (L ⊗ I)ᵀ·H·(L ⊗ I).
  const l = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = inverse[i * (features + 1) + j];
      for (let n = 0; n < j; n++) sum -= l[i * width + n] * l[j * width + n];
      l[i * width + j] = i === j ? Math.sqrt(sum) : sum / l[j * width + j];
    }
  }
  const size = width * less;
  const all = (features + 1) * less;
  const out = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      for (let d = 0; d < width; d++) {
        for (let e = 0; e < width; e++) {
          const [i, j] = [d * less + (a % less), e * less + (b % less)];
          const [p, q] = [Math.floor(a / less), Math.floor(b / less)];
          out[a * size + b] += l[d * width + p] * h[i * all + j] * l[e * width + q];
        }
      }
    }
  }
  return eigenvalues(out, size)[0];
}
