// Chooses C, the inverse of the penalty, by cross-validation.
import { sweep } from "smigh";

const FEATURES = 30;
let state = 11;
const random = () => (state = (16807 * state) % 2147483647) / 2147483647; // Park & Miller 1988
const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());

// Three classes that only the first three of the features tell apart, among 27 that are noise.
const y = Array.from({ length: 300 }, (_, row) => row % 3);
const x = y.map((label) => Array.from({ length: FEATURES }, (_, d) => normal() + (d === label ? 1.2 : 0)));

const { table, best, oneStandardError, model } = await sweep(
  { x, y },
  {
    C: [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100],
    folds: 5,
    scoring: "loss", // or "accuracy", the default, as in scikit-learn
    choose: "oneStandardError", // the most penalised value that is about as good as the best
  },
);

console.log("C        loss on the folds    accuracy");
for (const { C, loss, lossError, accuracy } of table) {
  const score = `${loss.toFixed(4)} ± ${lossError.toFixed(4)}`;
  console.log(`${String(C).padEnd(8)} ${score.padEnd(20)} ${(100 * accuracy).toFixed(1)} %`);
}
console.log(`best: C = ${best.C}; within one standard error of it: C = ${oneStandardError.C}`);
console.log(`the model is fitted on all ${y.length} rows with C = ${oneStandardError.C}: ${model.reason}`);
