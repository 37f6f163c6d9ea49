/** Makes the report on a trained model: its scores on all digits, its pictures and its file. */
import type { SoftmaxModel } from "../../../src/index.js";
import type { Digits, Mnist } from "../shared/mnist.js";
import type { Answer, Digit, Pictures, Report, Summary } from "./protocol.js";

/** Digits in each of the two samples. */
const SAMPLE = 24;
const PIXELS = 28 * 28;

export async function outcome(
  model: SoftmaxModel<number>,
  { train, test }: Mnist,
  training: Pick<Summary, "completed" | "seconds" | "limit" | "taken">,
): Promise<Extract<Report, { kind: "ended" }>> {
  const trained = await model.evaluate(train);
  const tested = await model.evaluate(test);
  const { parity, history } = model;
  const gradientMax = history.at(-1)?.gradientMax;
  return {
    kind: "ended",
    summary: {
      ...training,
      converged: model.converged,
      reason: model.reason,
      ...(gradientMax !== undefined && { gradientMax }),
      ...(parity && { parity }),
      engine: model.engine,
      examples: trained.examples,
      loss: trained.loss,
      trainAccuracy: trained.accuracy,
      testAccuracy: tested.accuracy,
      testExamples: tested.examples,
    },
    file: new TextDecoder().decode(await model.save("json")),
    pictures: pictures(model, test, tested.confusion ?? []),
  };
}

/** A sample of the digits, spread evenly over all of them. */
export function sampleRows(digits: Digits): Digit[] {
  return sampled(digits).map((row) => digitOf(digits, row));
}

function pictures(model: SoftmaxModel<number>, test: Digits, confusion: Pictures["confusion"]): Pictures {
  const probabilities = model.predictProba(test.x);
  const k = model.classes.length;
  const answer = (row: number): Answer => {
    const own = probabilities.subarray(row * k, (row + 1) * k);
    const probability = Math.max(...own);
    return { ...digitOf(test, row), prediction: model.classes[own.indexOf(probability)], probability };
  };
  const mistakes = Array.from(test.y, (_, row) => answer(row))
    .filter(({ truth, prediction }) => truth !== prediction)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SAMPLE);
  return { weights: model.weights, confusion, sample: sampled(test).map(answer), mistakes };
}

function sampled({ y }: Digits): number[] {
  return Array.from({ length: SAMPLE }, (_, n) => Math.floor((n * y.length) / SAMPLE));
}

function digitOf({ x, y }: Digits, row: number): Digit {
  return { pixels: x.slice(row * PIXELS, (row + 1) * PIXELS), truth: y[row] };
}
