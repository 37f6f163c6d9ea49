/** A·x = b of a symmetric positive semidefinite matrix, in f64. */

/** A pivot this small, of a matrix with a diagonal of 1, is rounding: its row depends on those before it. */
const SINGULAR = 1e-13;

export interface SemidefiniteSolution {
  readonly x: Float64Array;
  /** How much more b·x could be if the rows that depend on others did so only within rounding. */
  readonly doubt: number;
}

/** A = L·Lᵀ of the matrix brought to a diagonal of 1. Elements whose pivot is rounding are left at 0. */
export class SemidefiniteFactor {
  readonly #size: number;
  readonly #matrix: Float64Array;
  readonly #factor: Float64Array;
  /** (size) 1 / √diagonal */
  readonly #scales: Float64Array;
  readonly #dropped: Uint8Array;

  /** `matrix` is the lower triangle of (size, size). */
  constructor(matrix: Float64Array, size: number) {
    this.#size = size;
    this.#scales = Float64Array.from({ length: size }, (_, i) => {
      const own = matrix[i * size + i];
      return own > 0 ? 1 / Math.sqrt(own) : 0;
    });
    const scales = this.#scales;
    this.#matrix = matrix.map((value, at) => value * scales[Math.floor(at / size)] * scales[at % size]);
    this.#factor = new Float64Array(size * size);
    this.#dropped = new Uint8Array(size);
    this.#factorise();
  }

  #factorise(): void {
    const [size, a, l] = [this.#size, this.#matrix, this.#factor];
    for (let i = 0; i < size; i++) {
      const row = i * size;
      let pivot = a[row + i];
      for (let j = 0; j < i; j++) {
        if (this.#dropped[j] === 1) continue;
        let sum = a[row + j];
        for (let n = 0; n < j; n++) sum -= l[row + n] * l[j * size + n];
        l[row + j] = sum / l[j * size + j];
        pivot -= l[row + j] ** 2;
      }
      if (pivot > SINGULAR) {
        l[row + i] = Math.sqrt(pivot);
      } else {
        l.fill(0, row, row + i);
        l[row + i] = 1;
        this.#dropped[i] = 1;
      }
    }
  }

  solve(b: Float64Array): SemidefiniteSolution {
    const [size, scales] = [this.#size, this.#scales];
    const scaled = b.map((value, i) => value * scales[i]);
    const x = this.#substitute(scaled);
    // One refinement: what rounding left over, solved for again.
    const more = this.#substitute(this.#residual(scaled, x));
    for (let i = 0; i < size; i++) x[i] += more[i];
    const left = this.#residual(scaled, x);
    const doubt = left.reduce((sum, one, i) => sum + (this.#dropped[i] === 1 ? one ** 2 / SINGULAR : 0), 0);
    return { x: x.map((value, i) => value * scales[i]), doubt };
  }

  #substitute(b: Float64Array): Float64Array {
    const [size, l] = [this.#size, this.#factor];
    const x = b.map((value, i) => (this.#dropped[i] === 1 ? 0 : value));
    for (let i = 0; i < size; i++) {
      if (this.#dropped[i] === 1) continue;
      for (let j = 0; j < i; j++) x[i] -= l[i * size + j] * x[j];
      x[i] /= l[i * size + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      if (this.#dropped[i] === 1) continue;
      x[i] /= l[i * size + i];
      for (let j = 0; j < i; j++) x[j] -= l[i * size + j] * x[i];
    }
    return x.map((value, i) => (this.#dropped[i] === 1 ? 0 : value));
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
