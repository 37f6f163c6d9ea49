/** Ranks examples by how likely their label is wrong. */
import { range } from "../core/random.js";
import type { ExampleScores } from "./examples.js";

/**
 * Examples ranked by how likely their label is wrong, most likely first, as `model.labelErrors` returns them.
 */
export interface LabelErrors {
  /** (rows) Row numbers in ranked order. */
  readonly rows: Uint32Array;
  /**
   * (rows) Margins in the same order. Negative where the model finds another class likelier than the label.
   */
  readonly margin: Float64Array;
}

/**
 * Ranks rows by their margin, log p_label − log p of the likeliest other class. It is the normalised margin
 * p_label − max p_other of confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70) in log-odds, which
 * still tells probabilities near 0 and 1 apart, where mistakes are found. Rows of equal margin keep their
 * order.
 */
export function labelErrors({ margin }: Pick<ExampleScores, "margin">): LabelErrors {
  const worstFirst = range(margin.length).sort((a, b) => margin[a] - margin[b]);
  return { rows: worstFirst, margin: Float64Array.from(worstFirst, (row) => margin[row]) };
}
