/** `npx tsx bench/hidden.ts`: the speed of fits in a hidden tab, against a visible one. */
import { type Fit, timeFits } from "./hidden-tab.js";

const TIMES = 3;

const fits = (["webgpu", "wasm", "reference"] as const).flatMap((engine) =>
  (["lbfgs", "newton", "gd"] as const).map((solver): Fit => ({ engine, solver })),
);
await timeFits(fits, TIMES, ({ engine, solver, visible, hidden }) => {
  const speed = Math.round((100 * visible) / hidden);
  console.log(
    `${engine} ${solver}: ${visible.toFixed(2)} s visible, ${hidden.toFixed(2)} s hidden: ${speed} % of the speed`,
  );
});
