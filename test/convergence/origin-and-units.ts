/** Data whose features lie far from 0 and have very different units, for tests of all engines. */
import type { EngineName } from "../../src/engine/engine.js";
import { type Features, type TrainOptions, train } from "../../src/index.js";
import { type DenseMinimum, denseMinimum } from "../support/dense-newton.js";
import { type DenseProblem, objectiveOf } from "../support/dense-objective.js";
import { clouds } from "../support/examples.js";

const [COUNT, FEATURES, CLASSES] = [80, 4, 3];
const base = clouds(COUNT, FEATURES, CLASSES, 0.8);
/** Deviation of a feature uniform in [−1, 1), as the features of the clouds are apart from their classes. */
const DEVIATION = Math.sqrt(1 / 3);
const SCALES = [1e-12, 1e12, 1, 1e-5];
export const RATIOS = [1, 1e2, 1e3, 1e4, 1e5, 1e6];

export const SOLVERS = ["lbfgs", "newton", "l1"] as const;
export type Kind = (typeof SOLVERS)[number];

export interface Given {
  readonly name: string;
  readonly x: Features;
  readonly scale?: number;
  /** (features) What one unit of x stands for. */
  readonly meaning: readonly number[];
}

/** (rows, features) the clouds, offset from 0 by `ratio` deviations, in units of `scales`. */
export function placed(ratio: number, scales: readonly number[] = SCALES): Float64Array {
  return base.x.map((value, i) => {
    const d = i % FEATURES;
    return scales[d] * (value + (d % 2 === 0 ? 1 : -1) * ratio * DEVIATION);
  });
}

/** The same rows in every type that can hold them. */
export function givenAs(ratio: number): Given[] {
  const x = placed(ratio);
  const halves =
    typeof Float16Array === "undefined" || ratio > 1e3
      ? []
      : [
          {
            name: "Float16Array",
            x: Float16Array.from(placed(ratio, [1, 0.1, 16, 4])),
            meaning: [1, 0.1, 16, 4],
          },
        ];
  const width = 255 / Math.max(3, ratio); // width of a deviation in bytes
  const bytes =
    width < 2
      ? []
      : [
          {
            name: "Uint8Array",
            x: Uint8Array.from(base.x, (value) => 255 - width * (1.8 - value)),
            scale: 1 / 255,
            meaning: Array.from({ length: FEATURES }, () => width / 255),
          },
        ];
  return [
    { name: "Float64Array", x, meaning: SCALES },
    { name: "number[][]", x: rowsOf(x), meaning: SCALES },
    { name: "Float32Array", x: Float32Array.from(x), meaning: SCALES },
    ...bytes,
    ...halves,
  ];
}

function rowsOf(x: Float64Array): number[][] {
  return Array.from({ length: COUNT }, (_, row) =>
    Array.from(x.subarray(row * FEATURES, (row + 1) * FEATURES)),
  );
}

/** Penalties that matter to a feature in the middle one of the units. */
function penaltiesOf(kind: Kind, { meaning }: Given): Pick<DenseProblem, "l1" | "l2"> {
  const unit = meaning[2];
  return kind === "l1" ? { l1: 0.02 * unit, l2: 0 } : { l1: 0, l2: 1e-3 * unit ** 2 };
}

const minima = new Map<string, DenseMinimum>();

/**
 * How far a fit ends from the minimum for exactly the numbers passed to it, and what it reports of itself.
 */
export async function standing(engine: EngineName, kind: Kind, ratio: number, given: Given) {
  const { x, scale } = given;
  const values = Float64Array.from(ArrayBuffer.isView(x) ? x : x.flatMap((row) => Array.from(row)));
  const penalties = penaltiesOf(kind, given);
  const problem: DenseProblem = {
    count: COUNT,
    features: FEATURES,
    classes: CLASSES,
    x: values.map((value) => (scale ?? 1) * value),
    labels: Uint32Array.from(base.y),
    weights: new Float64Array(COUNT).fill(1),
    intercept: true,
    standardize: false,
    ...penalties,
  };
  const name = `${given.name}, ${ratio}, ${kind === "l1"}`;
  const minimum = minima.get(name) ?? denseMinimum(problem);
  minima.set(name, minimum);
  const options: TrainOptions<number> = {
    engine,
    solver: kind === "newton" ? "newton" : "lbfgs",
    tolerance: 1e-6,
    ...(penalties.l1 > 0 ? { l1: penalties.l1 } : { l2: penalties.l2 }),
  };
  const data = { x, y: base.y, features: FEATURES, ...(scale !== undefined && { scale }) };
  const model = await train(data, options);
  const reached = model.history.at(-1)?.loss ?? 0;
  return {
    minimum: minimum.exists ? minimum.value : Number.NaN,
    /** (F − F*) ÷ F*. */
    above: objectiveOf(problem, model) / minimum.value - 1,
    converged: model.converged,
    reason: model.reason,
    /**
     * Relative difference between the loss of the model's predictions and the loss that the training reached.
     */
    off: Math.abs((await model.evaluate(data)).loss / reached - 1),
  };
}
