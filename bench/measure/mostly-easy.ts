/** Made-up data of which one row in ten is hard: most have next to no gradient once the others are learned. */
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
/** Length of the classes' centres, and deviation of a feature from them. */
const APART = 6;
const SPREAD = 0.5;

/** Easy rows are near their class's centre; hard ones half-way to another's, and either class's. */
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

/** Box and Muller. */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log((random() + 1) / (2 ** 32 + 1)));
  return radius * Math.cos((2 * Math.PI * random()) / 2 ** 32);
}
