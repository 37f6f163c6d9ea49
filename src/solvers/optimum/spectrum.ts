/**
 * Bounds from the coefficients of conjugate gradients: of the smallest eigenvalue, and of what error is left.
 */

/**
 * The coefficients of k steps of preconditioned conjugate gradients: step lengths α and ratios β = ρ′/ρ, with
 * ρ and ρ′ the values of r·M·r before and after each step.
 */
export interface Coefficients {
  readonly alphas: readonly number[];
  readonly betas: readonly number[];
}

/**
 * The smallest eigenvalue of the Lanczos tridiagonal matrix T, to 1 %. It is never below the smallest
 * eigenvalue of M·H and approaches it with each step.
 */
export function smallestRitzValue({ alphas, betas }: Coefficients): number {
  const size = alphas.length;
  const diagonal = alphas.map((alpha, k) => 1 / alpha + (k > 0 ? betas[k - 1] / alphas[k - 1] : 0));
  const squares = alphas.map((alpha, k) => betas[k] / alpha ** 2); // of the off-diagonal elements
  // Sylvester's law of inertia: T − x has as many negative pivots as T has eigenvalues below x.
  const isAbove = (x: number) => {
    let pivot = 1;
    for (let k = 0; k < size; k++) {
      pivot = diagonal[k] - x - (k > 0 ? squares[k - 1] / pivot : 0);
      if (!(pivot > 0)) return false;
    }
    return true;
  };
  let [low, high] = [0, Math.min(...diagonal)];
  while (high - low > 0.01 * high) {
    const middle = low > 0 ? (low + high) / 2 : high / 4;
    if (isAbove(middle)) low = middle;
    else high = middle;
    if (high < Number.MIN_VALUE * 2 ** 52) break;
  }
  return high;
}

/**
 * An upper bound of ½‖x − xₖ‖² in the norm of the matrix, where `smallest` is a lower bound of its smallest
 * eigenvalue and `left` is r·M·r, by the Gauss–Radau quadrature rule (Golub & Meurant 2010; CGQ of Meurant &
 * Tichý 2013).
 */
export function errorBound({ alphas, betas }: Coefficients, left: number, smallest: number): number {
  let gamma = 1 / smallest;
  alphas.forEach((alpha, k) => {
    const apart = gamma - alpha;
    gamma = apart / (smallest * apart + betas[k]);
  });
  return (gamma * left) / 2;
}
