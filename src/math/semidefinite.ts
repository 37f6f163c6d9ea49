/** Solves A·x = b for a symmetric positive semidefinite matrix, in f64. */

/** A pivot this small, in a matrix with a diagonal of 1, is rounding: its row depends on those before it. */
const SINGULAR = 1e-13;
/**
 * Replaces such a pivot where no ridge bounds it: x is then long, but finite, along directions where A is 0.
 */
const REPLACED = 1e-8;
/** Smallest ridge used, relative to the diagonal. Below it, rounding of b alone would make a large doubt. */
const LEAST_RIDGE = 1e-18;

export interface SemidefiniteSolution {
  readonly x: Float64Array;
  /** How much larger b·x could be, as pivots were lost in rounding. Infinite where A is 0 and b is not. */
  readonly doubt: number;
}

/** Factor A = L·Lᵀ of the matrix scaled to a diagonal of 1. Pivots lost in rounding are replaced. */
export class SemidefiniteFactor {
  readonly #size: number;
  readonly #matrix: Float64Array;
  readonly #factor: Float64Array;
  /** (size) 1 / √diagonal */
  readonly #scales: Float64Array;
  /** (size) lower bound of each pivot after scaling, 0 if there is none. */
  readonly #least: Float64Array;
  readonly #replaced: number[] = [];

  /**
   * `matrix` is (size, size), of which the lower triangle is read. `ridge`, (size), is the part of its
   * diagonal that was added to a semidefinite matrix: no pivot is below it.
   */
  constructor(matrix: Float64Array, size: number, ridge?: Float64Array) {
    this.#size = size;
    const scales = Float64Array.from({ length: size }, (_, i) => {
      const own = matrix[i * size + i];
      return own > 0 ? 1 / Math.sqrt(own) : 1;
    });
    this.#scales = scales;
    this.#least = scales.map((scale, i) => (ridge?.[i] ? Math.max(LEAST_RIDGE, ridge[i] * scale ** 2) : 0));
    this.#matrix = matrix.map((value, at) => value * scales[Math.floor(at / size)] * scales[at % size]);
    this.#factor = new Float64Array(size * size);
    this.#factorise();
  }

  #factorise(): void {
    const [size, a, l] = [this.#size, this.#matrix, this.#factor];
    for (let i = 0; i < size; i++) {
      const row = i * size;
      let pivot = a[row + i];
      for (let j = 0; j < i; j++) {
        const other = j * size;
        let sum = a[row + j];
        for (let n = 0; n < j; n++) sum -= l[row + n] * l[other + n];
        const element = sum / l[other + j];
        l[row + j] = element;
        pivot -= element * element;
      }
      const singular = !(pivot > SINGULAR);
      if (singular) this.#replaced.push(i);
      l[row + i] = Math.sqrt(singular ? this.#replacement(i) : pivot);
    }
  }

  solve(b: Float64Array): SemidefiniteSolution {
    const scales = this.#scales;
    const scaled = b.map((value, i) => value * scales[i]);
    const { x, y } = this.#substitute(scaled);
    if (this.#replaced.length === 0) {
      // One step of iterative refinement.
      const { x: more } = this.#substitute(this.#residual(scaled, x));
      more.forEach((one, i) => (x[i] += one));
    }
    const doubt = this.#replaced.reduce((sum, i) => sum + this.#doubtOf(i, y[i]), 0);
    return { x: x.map((value, i) => value * scales[i]), doubt };
  }

  /** The value that replaces a pivot lost in rounding. */
  #replacement(i: number): number {
    return this.#least[i] > 0 ? Math.max(this.#least[i], SINGULAR) : REPLACED;
  }

  /** How much larger b·x could be because pivot i was replaced. Infinite where A is 0 and b is not. */
  #doubtOf(i: number, y: number): number {
    if (y === 0) return 0;
    const known = this.#least[i] > 0 || this.#matrix[i * this.#size + i] > 0;
    return known ? (y ** 2 * this.#replacement(i)) / (this.#least[i] || SINGULAR) : Infinity;
  }

  /** y = L⁻¹·b and x = L⁻ᵀ·y */
  #substitute(b: Float64Array): { readonly x: Float64Array; readonly y: Float64Array } {
    const [size, l] = [this.#size, this.#factor];
    const y = b.slice();
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < i; j++) y[i] -= l[i * size + j] * y[j];
      y[i] /= l[i * size + i];
    }
    const x = y.slice();
    for (let i = size - 1; i >= 0; i--) {
      x[i] /= l[i * size + i];
      for (let j = 0; j < i; j++) x[j] -= l[i * size + j] * x[i];
    }
    return { x, y };
  }

  /** b − A·x */
  #residual(b: Float64Array, x: Float64Array): Float64Array {
    const [size, a] = [this.#size, this.#matrix];
    const left = b.slice();
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        left[i] -= a[i * size + j] * x[j];
        if (j < i) left[j] -= a[i * size + j] * x[i];
      }
    }
    return left;
  }
}
