/** Checks that fits in a hidden tab keep their speed. */
import { expect, test } from "vitest";
import { type Fit, timeFits } from "../../bench/studies/hidden-tab.js";

/** A fit of each solver, and of each engine; `npm run test:long` times all solvers on all engines. */
const FITS: readonly Fit[] = [
  { engine: "wasm", solver: "lbfgs" },
  { engine: "wasm", solver: "gd" },
  { engine: "reference", solver: "newton" },
];

// Timers throttled to one per second would make these fits take about fifty times as long.
test("fits in a hidden tab do not wait for timers", { timeout: 240_000 }, async () => {
  for (const { engine, solver, visible, hidden } of await timeFits(FITS, 1)) {
    expect(hidden, `${engine} ${solver}`).toBeLessThan(5 + 5 * visible);
  }
});
