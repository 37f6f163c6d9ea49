/** Draws from the distributions that random problems use. */
import type { Random } from "../../src/core/random.js";

export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  uniform(low: number, high: number): number {
    return low + ((high - low) * this.#random()) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.uniform(0, 1) < probability;
  }

  /** low, low + 1, … high */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform(0, high - low + 1));
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)];
  }

  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.uniform(0, 1);
  }

  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform(0, 1)));
    return radius * Math.cos(2 * Math.PI * this.uniform(0, 1));
  }

  /** The index of the largest logit, after adding such a draw to each, is a draw from their softmax. */
  gumbel(): number {
    return -Math.log(-Math.log(this.uniform(0, 1) + 2 ** -33));
  }
}
