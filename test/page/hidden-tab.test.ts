/** Checks that fits in a hidden tab keep their speed. */
import { expect, test } from "vitest";
import { type Fit, timeFits } from "../../bench/studies/hidden-tab.js";

// Timers throttled to one per second would make these fits take about fifty times as long.
test("fits in a hidden tab do not wait for timers", { timeout: 240_000 }, async () => {
  const fits = (["wasm", "reference"] as const).flatMap((engine) =>
    (["lbfgs", "newton", "gd"] as const).map((solver): Fit => ({ engine, solver })),
  );
  for (const { engine, solver, visible, hidden } of await timeFits(fits, 1)) {
    expect(hidden, `${engine} ${solver}`).toBeLessThan(5 + 5 * visible);
  }
});
