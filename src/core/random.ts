/** Seeded randomness: the same seed gives the same numbers on every machine. */

/** Draws a uniform 32-bit integer. */
export interface Random {
  (): number;
}

/** The state of a `SeededRandom`: four 32-bit integers. */
export type RandomState = readonly [number, number, number, number];

/** Random numbers whose state can be read and put back. */
export interface SeededRandom extends Random {
  state(): RandomState;
  restore(state: RandomState): void;
}

/** Uniform 32-bit integers: sfc32 (C. Doty-Humphrey, PractRand), seeded through its own first rounds. */
export function randomIntegers(seed: number): SeededRandom {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  const next = () => {
    const result = (a + b + counter) >>> 0;
    counter = (counter + 1) >>> 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) >>> 0;
    c = (((c << 21) | (c >>> 11)) + result) >>> 0;
    return result;
  };
  for (let round = 0; round < 15; round++) next();
  return Object.assign(next, {
    state: (): RandomState => [a, b, c, counter],
    restore(state: RandomState) {
      [a, b, c, counter] = state;
    },
  });
}

/** Shuffles in place (Fisher–Yates). */
export function shuffle(order: Uint32Array, random: Random): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor((random() / 2 ** 32) * (last + 1));
    const kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
}

/** `count` numbers from `first` on: 0, 1, … count − 1 by default. */
export function range(count: number, first = 0): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => first + row);
}
