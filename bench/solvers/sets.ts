/** Every solver on small data sets with its defaults: how far each gets, and what it takes. */
import { range } from "../../src/data/random.js";
import { gradient, logits, residual } from "../../src/engine/reference/passes.js";
import { type SolverName, train } from "../../src/index.js";
import { type DataSet, OPTIMA, type SetName, dataSet } from "../../test/support/optima.js";

export interface Solved {
  readonly set: SetName;
  readonly solver: SolverName;
  readonly seconds: number;
  /** Over all examples. */
  readonly passes: number;
  /** (F − its minimum) / its minimum, in f64. */
  readonly excess: number;
  /** Of the mean objective, in f64. */
  readonly gradientMax: number;
  readonly reason: string;
}

/** With standardised features and C = 1. */
export async function solve(set: SetName, solver: SolverName): Promise<Solved> {
  const optimum = OPTIMA.find((one) => one.set === set && one.kind === "standardised" && one.C === 1);
  if (!optimum) throw new Error(`There is no optimum of ${set}.`);
  const data = dataSet(set, "standardised");
  const { x, labels, features, count } = data;
  let passes = 0;
  const began = performance.now();
  const model = await train(
    { x, y: labels, features },
    { engine: "wasm", solver, C: 1, onProgress: ({ examples }) => (passes = examples / count) },
  );
  const seconds = (performance.now() - began) / 1000;
  const { objective, gradientMax } = standing(
    data,
    Float64Array.from([...model.weights, ...model.bias]),
    optimum.l2,
  );
  const excess = objective / optimum.objective - 1;
  return { set, solver, seconds, passes, excess, gradientMax, reason: model.reason };
}

/** F and the largest |∂F/∂w|. w: (features + 1, classes) */
function standing(
  data: DataSet,
  w: Float64Array,
  l2: number,
): { readonly objective: number; readonly gradientMax: number } {
  const { count, features, classes } = data;
  const rows = range(count);
  const { residual: r, sums } = residual(data, rows, logits(data, rows, w, classes), classes);
  const g = new Float64Array(w.length);
  gradient(data, rows, r, classes, g);
  let [square, gradientMax] = [0, 0];
  w.forEach((weight, i) => {
    const penalty = i < features * classes ? l2 : 0;
    square += penalty * weight * weight;
    gradientMax = Math.max(gradientMax, Math.abs(g[i] / count + penalty * weight));
  });
  return { objective: sums.loss / count + square / 2, gradientMax };
}
