/** Scores fits on the rows that their fold holds out. */
import { DataError } from "../core/errors.js";
import type { Score } from "../core/progress.js";
import type { RowSource } from "../core/row-source.js";
import { type FloatArray, selectFrom } from "../core/rows.js";
import { show } from "../core/show.js";
import { ZERO_SUMS, addSums } from "../core/sums.js";
import type { Label } from "../data/labels.js";
import type { Placement } from "../engine/engine.js";
import type { LogitsPass } from "../engine/logits-pass.js";
import type { Objective } from "../engine/objective.js";
import { addOffsets } from "../math/passes.js";
import { type LogitBlock, startPass } from "../model/engine-logits.js";
import { EvaluationSums } from "../model/evaluation.js";
import { rocAuc } from "../model/roc-auc.js";
import { score } from "../solvers/solver.js";
import type { PreparedTask } from "../train/prepare.js";
import { type Scoring, scoreRow } from "./score-table.js";

/** Rows whose weights were multiplied by the same class weight for training. */
interface Group {
  readonly rows: Uint32Array;
  readonly factor: number;
}

/** The rows that a fold holds out. */
export interface HeldOut {
  readonly fold: number;
  /** In rising order. */
  readonly rows: Uint32Array;
  /** The same rows by their class weight, which counts in training but not in scores. */
  readonly groups: readonly Group[];
}

/** Loss and accuracy of a fit, and the score to choose by. */
export interface HeldOutScore extends Score {
  readonly score: number;
}

/** Scores fits on held-out rows by what `scoring` asks for. */
export class Scorer<L extends Label> {
  readonly #task: PreparedTask<L>;
  readonly #placement: Placement;
  readonly #scoring: Scoring;

  constructor(task: PreparedTask<L>, placement: Placement, scoring: Scoring) {
    this.#task = task;
    this.#placement = placement;
    this.#scoring = scoring;
  }

  /**
   * Scores the weights, (features + 1, classes), of a fit. Throws a DataError where the score is not a
   * number.
   */
  async score(objective: Objective, weights: FloatArray, heldOut: HeldOut): Promise<HeldOutScore> {
    const scoring = this.#scoring;
    if (scoring === "loss" || scoring === "accuracy") {
      const sums = await sumsOf(objective, weights, heldOut);
      return { ...sums, score: sums[scoring] };
    }
    const { of, auc } = scoreRow(scoring);
    const scores = await this.#evaluate(weights, heldOut, auc);
    const found: unknown = of(scores);
    if (typeof found !== "number" || Number.isNaN(found)) {
      throw new DataError(
        `The score ${typeof scoring === "string" ? scoring : "of scoring"} of fold ${heldOut.fold} is ${show(found)}, ` +
          "and must be a number: give the fold rows that it can be computed of, or choose by another score.",
      );
    }
    return { loss: scores.loss, accuracy: scores.accuracy, score: found };
  }

  /** Computes what `model.evaluate` says of the held-out rows. */
  async #evaluate(weights: FloatArray, heldOut: HeldOut, withAuc: boolean) {
    const { classes, classFactors, examples, rows } = this.#task;
    const pass = await startPass(this.#placement, rows.count, weights, classes.length);
    try {
      const labels = heldOut.rows.map((row) => rows.labels[row]);
      const weights64 = Float64Array.from(heldOut.rows, (row, n) => {
        const factor = Math.fround(classFactors?.[labels[n]] ?? 1);
        return (rows.weights?.[row] ?? 1) / examples.weightScale / factor;
      });
      const head = { count: labels.length, labels, weights: weights64 };
      const sums = new EvaluationSums<L>(classes, TOP);
      for await (const { first, count, z } of heldOutLogits(pass, rows, heldOut.rows, classes.length)) {
        const past = first + count;
        sums.add(z, { labels: labels.subarray(first, past), weights: head.weights.subarray(first, past) });
      }
      const scores = sums.scores();
      if (!withAuc) return scores;
      const blocks = () => heldOutLogits(pass, rows, heldOut.rows, classes.length);
      return { ...scores, auc: await rocAuc(head, classes.length, blocks) };
    } finally {
      pass.release();
    }
  }
}

/** The k of the score topK. */
const TOP = 5;

/** Sums loss and hits on the engine. */
async function sumsOf(objective: Objective, weights: FloatArray, { groups }: HeldOut): Promise<Score> {
  const w = objective.space.vector(weights);
  const sums = await Promise.all(
    groups.map(async ({ rows, factor }) => {
      const { loss, hits, weight } = await objective.evaluate(w, rows);
      return { loss: loss / factor, hits: hits / factor, weight: weight / factor };
    }),
  );
  return score(sums.reduce(addSums, ZERO_SUMS));
}

/** Yields the logits of some rows, in rising order. Blocks count from the first of them. */
async function* heldOutLogits(
  pass: LogitsPass,
  rows: RowSource,
  chosen: Uint32Array,
  classes: number,
): AsyncGenerator<LogitBlock> {
  for (let first = 0; first < chosen.length;) {
    const from = chosen[first];
    let past = first + 1;
    while (past < chosen.length && chosen[past] < from + pass.blockRows) past++;
    const some = chosen.subarray(first, past);
    const block = await pass.logits(from, chosen[past - 1] + 1 - from);
    const places = some.map((row) => row - from);
    const z = selectFrom(block, classes, places);
    addOffsets(rows, some, z, classes);
    yield { first, count: some.length, z };
    first = past;
  }
}
