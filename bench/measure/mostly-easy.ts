/** Synthetic data with one hard row in ten: the easy rows have almost no gradient once they are learned. */
import { type Random, randomIntegers } from "../../src/core/random.js";

export interface Learnable {
  readonly x: Uint8Array | Float32Array;
  readonly y: Uint8Array;
  readonly features: number;
}

const ROWS = 20_000;
const HARD = ROWS / 10;
const FEATURES = 50;
const CLASSES = 10;
/** Norm of each class centre, and standard deviation of a feature around it. */
const APART = 6;
const SPREAD = 0.5;

/** Easy rows lie near the centre of their class, hard ones half-way to another: either class fits them. */
export function mostlyEasy(): Learnable {
  const random = randomIntegers(5);
  const centres = Array.from({ length: CLASSES }, () => {
    const centre = Array.from({ length: FEATURES }, () => gaussian(random));
    return centre.map((value) => (APART * value) / Math.hypot(...centre));
  });
  const x = new Float32Array(ROWS * FEATURES);
  const y = Uint8Array.from({ length: ROWS }, (_, row) => row % CLASSES);
  y.forEach((label, row) => {
    const other = row < HARD ? (label + 1 + (random() % (CLASSES - 1))) % CLASSES : label;
    for (let d = 0; d < FEATURES; d++) {
      const middle = (centres[label][d] + centres[other][d]) / 2;
      x[row * FEATURES + d] = middle + SPREAD * gaussian(random);
    }
  });
  return { x, y, features: FEATURES };
}

/** Draws from the standard normal distribution (Box & Muller, 1958). */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log((random() + 1) / (2 ** 32 + 1)));
  return radius * Math.cos((2 * Math.PI * random()) / 2 ** 32);
}
