/**
 * The three passes in f64 (logits, residual, gradient) and two more for second-order solvers (line search,
 * Hessian product), as plain loops that read like the derivation. They are the oracle that every other engine
 * is held to, and train where no faster engine is available.
 *
 * J(W) = −Σₙ Σₖ y_{nk} w_k·x_n + Σₙ log Σⱼ e^{w_j·x_n}        ∂J/∂W = Σₙ x_n ⊗ (s_n − y_n)
 */
import type { Sums, Trial } from "../core/sums.js";
import type { FeatureRows, FloatArray, RowHead, Rows } from "../core/rows.js";

/**
 * Z = X·W of the given rows, with the intercept as the weight of a constant feature 1.
 * Z: (rows, classes), weights: (features + 1, classes)
 */
export function logits(
  data: FeatureRows,
  rows: Uint32Array,
  weights: FloatArray,
  classes: number,
): Float64Array {
  const { x, features, scale } = data;
  const z = new Float64Array(rows.length * classes);
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n] * features;
    for (let k = 0; k < classes; k++) z[n * classes + k] = weights[features * classes + k];
    for (let d = 0; d < features; d++) {
      const feature = scale * x[row + d];
      if (feature === 0) continue; // adds nothing; most pixels are 0
      for (let k = 0; k < classes; k++) {
        z[n * classes + k] += feature * weights[d * classes + k];
      }
    }
  }
  return z;
}

/**
 * Z = X·W + O, with the offsets of the rows where they have any, as in `logits`.
 */
export function offsetLogits(
  data: Rows,
  rows: Uint32Array,
  weights: FloatArray,
  classes: number,
): Float64Array {
  const z = logits(data, rows, weights, classes);
  addOffsets(data, rows, z, classes);
  return z;
}

/** Adds the offsets of the rows, where they have any, to their logits. z: (rows, classes) */
export function addOffsets(
  { offsets }: Pick<RowHead, "offsets">,
  rows: Uint32Array,
  z: FloatArray,
  classes: number,
): void {
  if (!offsets) return;
  rows.forEach((row, n) => {
    for (let k = 0; k < classes; k++) z[n * classes + k] += offsets[row * classes + k];
  });
}

/**
 * The residual R: (rows, classes), the weighted loss of each row, and sums over the rows.
 *
 * R = weight ⊙ (softmax(Z) − T)        loss = −Σₖ tₖ log sₖ = log Σₖ e^{zₖ} − Σₖ tₖ·zₖ
 *
 * The targets T are those of the rows, or else one-hot labels; smoothing ε turns T into (1 − ε)·T + ε/K. The
 * largest logit is subtracted before the exponential, so that nothing overflows. That changes neither s nor,
 * as targets add up to 1, the loss.
 */
export function residual(
  data: RowHead,
  rows: Uint32Array,
  z: Float64Array,
  classes: number,
  smoothing = 0,
): { residual: Float64Array; losses: Float64Array; sums: Sums } {
  const r = new Float64Array(z.length);
  const losses = new Float64Array(rows.length);
  const targets = new Float64Array(classes); // of one row
  let hits = 0;
  let total = 0;
  let loss = 0;
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n];
    const label = data.labels[row];
    const weight = data.weights ? data.weights[row] : 1;
    const first = n * classes;
    targetsOf(data, row, smoothing, targets);

    let top = 0;
    for (let k = 1; k < classes; k++) if (z[first + k] > z[first + top]) top = k;
    const max = z[first + top];

    let sum = 0;
    let mean = 0; // Σₖ tₖ·(zₖ − max)
    for (let k = 0; k < classes; k++) {
      const power = Math.exp(z[first + k] - max);
      r[first + k] = power;
      sum += power;
      mean += targets[k] * (z[first + k] - max);
    }
    for (let k = 0; k < classes; k++) {
      r[first + k] = weight * (r[first + k] / sum - targets[k]);
    }

    const rowLoss = weight * (Math.log(sum) - mean);
    losses[n] = rowLoss;
    loss += rowLoss;
    total += weight;
    if (top === label) hits += weight;
  }
  return { residual: r, losses, sums: { loss, hits, weight: total } };
}

/** Writes the smoothed targets of a row to `t`: (classes) */
export function targetsOf(
  { labels, targets }: RowHead,
  row: number,
  smoothing: number,
  t: Float64Array,
): void {
  if (targets) {
    t.set(targets.subarray(row * t.length, (row + 1) * t.length));
  } else {
    t.fill(0);
    t[labels[row]] = 1;
  }
  const share = smoothing / t.length;
  for (let k = 0; k < t.length; k++) t[k] = (1 - smoothing) * t[k] + share;
}

/** G += Σₙ [xₙ, 1] ⊗ rₙ. G: (features + 1, classes), r: (rows, classes) */
export function gradient(
  data: Rows,
  rows: Uint32Array,
  r: Float64Array,
  classes: number,
  g: Float64Array,
): void {
  const { x, features, scale } = data;
  for (let n = 0; n < rows.length; n++) {
    const row = rows[n] * features;
    for (let d = 0; d <= features; d++) {
      const feature = d < features ? scale * x[row + d] : 1;
      if (feature === 0) continue;
      for (let k = 0; k < classes; k++) {
        g[d * classes + k] += feature * r[n * classes + k];
      }
    }
  }
}

/**
 * Weighted sum of the losses at Z + t·ΔZ, with labels as targets, and its derivatives in t. z, direction:
 * (rows, classes)
 *
 * ℓ′ = s·δ − δ_y,  ℓ″ = s·δ² − (s·δ)²,  where δ is a row of ΔZ
 */
export function trial(
  data: RowHead,
  rows: Uint32Array,
  z: Float64Array,
  direction: Float64Array,
  t: number,
  classes: number,
): Trial {
  let [loss, slope, curvature] = [0, 0, 0];
  for (let n = 0; n < rows.length; n++) {
    const label = data.labels[rows[n]];
    const weight = data.weights ? data.weights[rows[n]] : 1;
    const moved = z
      .subarray(n * classes, (n + 1) * classes)
      .map((zk, k) => zk + t * direction[n * classes + k]);
    const max = moved.reduce((a, b) => Math.max(a, b), -Infinity);
    let [sum, mean, square] = [0, 0, 0];
    for (let k = 0; k < classes; k++) {
      const power = Math.exp(moved[k] - max);
      const delta = direction[n * classes + k];
      sum += power;
      mean += power * delta;
      square += power * delta * delta;
    }
    mean /= sum;
    square /= sum;
    loss += weight * (Math.log(sum) + max - moved[label]);
    slope += weight * (mean - direction[n * classes + label]);
    curvature += weight * (square - mean * mean);
  }
  return { loss, slope, curvature };
}

/**
 * Turns a change u of the logits into the change of the residual, to first order. u: (rows, classes)
 *
 * u ← weight ⊙ s ⊙ (u − s·u)
 */
export function hessianResidual(
  data: Rows,
  rows: Uint32Array,
  z: Float64Array,
  u: Float64Array,
  classes: number,
): void {
  for (let n = 0; n < rows.length; n++) {
    const weight = data.weights ? data.weights[rows[n]] : 1;
    const first = n * classes;
    const max = z.subarray(first, first + classes).reduce((a, b) => Math.max(a, b), -Infinity);
    let [sum, mean] = [0, 0];
    for (let k = first; k < first + classes; k++) {
      const power = Math.exp(z[k] - max);
      sum += power;
      mean += power * u[k];
    }
    mean /= sum;
    for (let k = first; k < first + classes; k++)
      u[k] = ((weight * Math.exp(z[k] - max)) / sum) * (u[k] - mean);
  }
}
