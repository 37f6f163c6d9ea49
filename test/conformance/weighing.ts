/** Changes the weights of rows while a descent and an objective on these rows are open. */
import { randomIntegers } from "../../src/core/random.js";
import type { Engine } from "../../src/engine/engine.js";
import type { Rows } from "../../src/core/rows.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { objectiveOf } from "./objectives.js";
import { RULES, parityOfAll, plan, randomRows, randomWeights } from "./problems.js";

const SHAPE = { count: 203, features: 6, classes: 5 };
const BATCH = 70;

/** Weights that are multiples of ¼, whose sums are exact; one in five is 0. */
function quarters(seed: number): Float32Array {
  const random = randomIntegers(seed);
  return Float32Array.from({ length: SHAPE.count }, () =>
    random() % 5 === 0 ? 0 : 0.25 + (random() % 8) / 4,
  );
}

export interface Weighing {
  /** Error ÷ bound of the passes of all steps, each with the weights then in force. */
  readonly rho: number;
  /** The largest error of a sum of weights, in evaluations and in objectives. */
  readonly off: number;
}

/**
 * Takes steps and evaluates with the rows' first weights, if any, and then with two other sets of weights.
 */
export async function weighing(engine: Engine, weighted: boolean): Promise<Weighing> {
  const drawn = randomRows(SHAPE, "f32", 171);
  const { weights: _, ...equal } = drawn;
  const first: Rows = weighted ? drawn : equal;
  const problem = { classes: SHAPE.classes, intercept: true, rule: RULES["sgd"], batchSize: BATCH };
  const ofObjective = objectiveOf(first, SHAPE.classes);
  const start = randomWeights(SHAPE, 172, 0.2);
  const placement = await engine.place(first);
  const descent = await placement.descent(problem, start);
  const objective = await placement.objective(ofObjective);
  const { space } = objective;
  let [rho, off] = [0, 0];
  try {
    const { order, steps } = plan(first, BATCH);
    const [w, g] = [space.vector(start), space.vector()];
    for (const rows of [first, ...[173, 174].map((seed) => ({ ...first, weights: quarters(seed) }))]) {
      if (rows !== first) placement.weigh(rows.weights ?? new Float32Array());
      const results = [];
      for await (const result of descent.run([{ order, steps }])) results.push(result);
      rho = maxOrInfinity(rho, parityOfAll(results, rows, problem).rho);
      const weightOf = (some: Uint32Array) => some.reduce((sum, row) => sum + (rows.weights?.[row] ?? 1), 0);
      const evaluated = await descent.evaluate(order);
      const looked = await objective.linearize(w, g);
      off = maxOrInfinity(off, Math.abs(evaluated.weight - weightOf(order)));
      off = maxOrInfinity(off, Math.abs(looked.weight - weightOf(ofObjective.rows)));
    }
    return { rho, off };
  } finally {
    objective.release();
    descent.release();
    placement.release();
  }
}
