/** The page of `hidden-tab.ts`: `seconds(fit)` trains and returns the time. */
import { train } from "../../src/index.js";
import type { Fit } from "./hidden-tab.js";

const [rows, features, classes] = [6000, 40, 5];
const x = Float32Array.from({ length: rows * features }, (_, i) => Math.sin(i * (1 + (i % 13))));
const y = Array.from({ length: rows }, (_, row) => (row * row + Math.round(3 * x[row * features])) % classes);

async function seconds({ engine, solver }: Fit): Promise<number> {
  const limit = solver === "gd" ? { epochs: 30 } : { maxIterations: 30, tolerance: 1e-12 };
  const began = performance.now();
  await train({ x, y, features }, { engine, solver, C: 1, ...limit });
  return (performance.now() - began) / 1000;
}

Object.assign(globalThis, { seconds });
