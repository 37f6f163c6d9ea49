/** The scores that a sweep may choose by, in one table. */
import { oneOf } from "../core/checks.js";
import type { Evaluation } from "../model/evaluation.js";

/** A score, of what `model.evaluate` says of the held-out rows. */
interface ScoreRow {
  /** 1 where higher is better, −1 where lower is. */
  readonly sign: 1 | -1;
  /** Whether it needs areas under ROC curves. */
  readonly auc: boolean;
  of(scores: Evaluation): unknown;
}

const higher = (of: ScoreRow["of"]): ScoreRow => ({ sign: 1, auc: false, of });
const lower = (of: ScoreRow["of"]): ScoreRow => ({ sign: -1, auc: false, of });
const area = (of: ScoreRow["of"]): ScoreRow => ({ sign: 1, auc: true, of });

const createTable = () => ({
  accuracy: higher(({ accuracy }) => accuracy),
  loss: lower(({ loss }) => loss),
  topK: higher(({ topK }) => topK.accuracy),
  brier: lower(({ brier }) => brier),
  calibrationError: lower(({ calibrationError }) => calibrationError),
  f1: higher(({ perClass }) => meanOf(perClass.map(({ f1 }) => f1))),
  auc: area(({ auc }) => auc?.macro),
  aucWeighted: area(({ auc }) => auc?.weighted),
});

const SCORES = /* @__PURE__ */ createTable();

/** The name of a score that a sweep chooses by. */
export type ScoreName = keyof ReturnType<typeof createTable>;

/** The name of a score, or a function of the scores of a fold's held-out rows, of which higher is better. */
export type Scoring = ScoreName | ((scores: Evaluation) => number);

/** Checks that a value is the name of a score or a function. */
export function checkScoring(name: string, value: unknown): void {
  if (typeof value !== "function") oneOf(...Object.keys(SCORES))(name, value);
}

export function scoreRow(scoring: Scoring): ScoreRow {
  return typeof scoring === "function" ? area(scoring) : SCORES[scoring];
}

/** The mean of the values that are numbers: a class without rows has none. */
function meanOf(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}
