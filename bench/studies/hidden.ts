/**
 * `npx tsx bench/studies/hidden.ts`: compares the speed of fits in a hidden tab with that in a visible one.
 * Exits with status 1 if a fit has less than 80 % of its visible speed.
 */
import process from "node:process";
import { type Fit, timeFits } from "./hidden-tab.js";

const TIMES = 5;
const LEAST_PERCENT = 80;

const fits = (["webgpu", "wasm", "reference"] as const).flatMap((engine) =>
  (["lbfgs", "newton", "gd"] as const).map((solver): Fit => ({ engine, solver })),
);
await timeFits(fits, TIMES, ({ engine, solver, visible, hidden }) => {
  const speed = Math.round((100 * visible) / hidden);
  if (speed < LEAST_PERCENT) process.exitCode = 1;
  console.log(
    `${engine} ${solver}: ${visible.toFixed(2)} s visible, ${hidden.toFixed(2)} s hidden: ${speed} % of the visible speed`,
  );
});
