/**
 * Two-sided p-value: the probability that a standard normal variable is farther from 0 than z, erfc(|z|/√2).
 * Its relative error is below 1e-12.
 */
export function twoSided(z: number): number {
  return complementaryError(Math.abs(z) / Math.SQRT2);
}

/** erfc(x) = 2/√π·∫ₓ^∞ e^{−t²} dt, for x ≥ 0. */
function complementaryError(x: number): number {
  const density = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2) {
    // erf(x) = 2/√π·e^{−x²}·Σ 2ⁿ·x²ⁿ⁺¹/(2n + 1)!!, whose terms all have one sign.
    let sum = x;
    let term = x;
    for (let n = 1; term > 1e-17 * sum; n++) sum += term *= (2 * x * x) / (2 * n + 1);
    return 1 - 2 * density * sum;
  }
  // Laplace's continued fraction, 1/(x + ½/(x + 1/(x + 1½/(x + …)))), evaluated from its 100th term inwards.
  let fraction = x;
  for (let n = 100; n > 0; n--) fraction = x + n / 2 / fraction;
  return density / fraction;
}
