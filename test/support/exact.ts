/** Adds up products in twice the precision of f64 (Dekker 1971; Ogita, Rump & Oishi 2005). */

const SPLIT = 2 ** 27 + 1;

export class Exact {
  #high = 0;
  #low = 0;

  get value(): number {
    return this.#high + this.#low;
  }

  add(term: number): this {
    const sum = this.#high + term;
    const part = sum - this.#high;
    this.#low += this.#high - (sum - part) + (term - part);
    this.#high = sum;
    return this;
  }

  addProduct(a: number, b: number): this {
    const product = a * b;
    const [aHigh, aLow] = halves(a);
    const [bHigh, bLow] = halves(b);
    this.#low += aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
    return this.add(product);
  }
}

/** Splits a number into two of 26 bits each that add up to it. */
function halves(value: number): [high: number, low: number] {
  const scaled = SPLIT * value;
  const high = scaled - (scaled - value);
  return [high, value - high];
}
