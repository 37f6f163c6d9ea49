/**
 * Fits a path of penalties on every fold, from the largest to the smallest, each starting from the weights of
 * the last.
 */
import { throwIfAborted } from "../core/abort.js";
import type { Label } from "../data/labels.js";
import { penaltiesIn } from "../data/units.js";
import { type Placement } from "../engine/engine.js";
import { type Objective } from "../engine/objective.js";
import { ZERO_SUMS, addSums } from "../core/sums.js";
import { type FloatArray } from "../core/rows.js";
import type { Score } from "../core/progress.js";
import {
  type InverseBound,
  type Moments,
  featureMoments,
  preconditionerPays,
  preconditioner,
} from "../solvers/optimum/preconditioner.js";
import { type Outcome, score } from "../solvers/solver.js";
import { type Given, startSecondOrder } from "../train/optimise.js";
import type { PreparedTask } from "../train/prepare.js";
import { runChains } from "./chains.js";
import type { SweepSettings } from "./options.js";
import { type SweepEntry, type SweepFold, entryOf } from "./table.js";

/** Rows to score whose weights were multiplied by the same class weight for training. */
interface Group {
  readonly rows: Uint32Array;
  readonly factor: number;
}

/** The rows that a fit is trained on. */
interface Part {
  readonly train: Uint32Array;
  /** Total weight of those rows. */
  readonly weight: number;
}

/** The training rows of a fold, and the rows that it holds out. */
export interface FoldPart extends Part {
  readonly heldOut: readonly Group[];
}

/** A finished fit, with its objective still open. */
interface Fitted {
  readonly outcome: Outcome;
  readonly kernels: string;
  readonly objective: Objective;
}

/** The weights of a fit on a fold, and its scores. */
interface FoldFit {
  readonly weights: FloatArray;
  readonly fold: SweepFold;
}

/**
 * One value of the path. Each fold goes through the values in order, but folds reach a value in any order.
 */
interface Stop {
  readonly value: number;
  /** Finished fits by the number of their fold. */
  readonly fits: Map<number, FoldFit>;
  /** Preconditioner of the value, made for the first fit that needs it. */
  inverse?: Promise<InverseBound | undefined>;
}

/** Bytes for the logits of concurrent fits and for their change along a line. Further fits wait. */
const LOGITS_BYTES = 2 ** 28;
/**
 * The tolerance on folds is relative to F, but to no less than this part of ln K, the loss of equal
 * probabilities: where rows are fitted that well, scores do not show a smaller error.
 */
const FITTED = 0.01;
/**
 * A preconditioner is reused for other penalties while their ridge is between this part of its own and the
 * inverse of that.
 */
const WORN = 0.5;

/** The fits of a sweep on one placement. */
export class Path<L extends Label> {
  readonly #task: PreparedTask<L>;
  /** All rows, for the final fit. */
  readonly #all: Part;
  readonly #folds: readonly FoldPart[];
  readonly #placement: Placement;
  readonly #settings: SweepSettings<L>;
  readonly #entries: SweepEntry[] = [];
  /** Start of the final fit: the weights of the entry, averaged over the folds. */
  readonly #means = new Map<SweepEntry, FloatArray>();
  readonly #started = performance.now();
  /** Fraction done of each running fit. */
  readonly #fractions = new Map<object, number>();
  #done = 0;
  #moments: Moments | undefined;
  #inverse: (InverseBound & { readonly ridge: number }) | undefined;

  constructor(
    task: PreparedTask<L>,
    folds: readonly FoldPart[],
    placement: Placement,
    settings: SweepSettings<L>,
  ) {
    const { train, meanWeight } = task.examples;
    this.#task = task;
    this.#all = { train, weight: train.length * meanWeight };
    this.#folds = folds;
    this.#placement = placement;
    this.#settings = settings;
  }

  /** Fits every value on every fold. Returns one entry per value, in the order given. */
  async table(): Promise<SweepEntry[]> {
    const { name, values, training, onFolds } = this.#settings;
    const { rows, classes } = this.#task;
    const enough = onFolds.tolerance * FITTED * Math.log(classes.length);
    const sign = name === "C" ? 1 : -1;
    const logits = 8 * rows.count * classes.length;
    const together = Math.min(this.#folds.length, Math.max(1, Math.floor(LOGITS_BYTES / logits)));
    const stops = values
      .toSorted((a, b) => sign * (a - b))
      .map((value): Stop => ({ value, fits: new Map() }));
    await runChains(this.#folds.length, stops.length, together, training.signal, async (n, step, signal) => {
      const fold = this.#folds[n];
      const stop = stops[step];
      const l2 = this.#l2(stop.value, fold);
      stop.inverse ??= this.#preconditioner(this.#l2(stop.value, this.#folds[0]));
      const weights = stops[step - 1]?.fits.get(n)?.weights;
      const given = { weights, inverse: await stop.inverse, together, enough };
      const fit = await this.#fit(fold, l2, given, signal, async ({ objective, outcome }) => {
        const { iterations, converged } = outcome;
        const scored = await heldOutScore(objective, outcome.weights, fold.heldOut);
        return { weights: outcome.weights, fold: { ...scored, l2, iterations, converged } };
      });
      stop.fits.set(n, fit);
      if (stop.fits.size === this.#folds.length) this.#keep(stop);
    });
    const place = ({ C, l2 }: SweepEntry) => values.indexOf(name === "C" ? C : l2);
    return this.#entries.toSorted((a, b) => place(a) - place(b));
  }

  /** Makes the entry of a value that all folds have finished. */
  #keep({ value, fits }: Stop): void {
    const { name } = this.#settings;
    const { weight } = this.#all;
    const other = this.#task.examples.weightScale / (value * weight);
    const inOrder = [...fits].toSorted(([a], [b]) => a - b).map(([, fit]) => fit);
    const entry = entryOf(
      name === "C" ? { C: value, l2: other } : { C: other, l2: value },
      inOrder.map(({ fold }) => fold),
    );
    this.#entries.push(entry);
    this.#means.set(entry, meanOf(inOrder.map(({ weights }) => weights)));
  }

  /** Fits all rows with the penalty of the entry. */
  async refit(entry: SweepEntry): Promise<{ readonly outcome: Outcome; readonly kernels: string }> {
    const given = { weights: this.#means.get(entry), inverse: await this.#preconditioner(entry.l2) };
    const { signal } = this.#settings.training;
    return this.#fit(this.#all, entry.l2, given, signal, async ({ outcome, kernels }) => ({
      outcome,
      kernels,
    }));
  }

  /** Converts a value of the path to the l2 on the mean objective of the part. */
  #l2(value: number, { weight }: Part): number {
    return this.#settings.name === "C" ? this.#task.examples.weightScale / (value * weight) : value;
  }

  /** Runs one fit, and returns what `take` makes of it before its objective is released. */
  async #fit<T>(
    { train, weight }: Part,
    l2: number,
    given: Given,
    signal: AbortSignal | undefined,
    take: (fitted: Fitted) => Promise<T>,
  ): Promise<T> {
    const { training, onFolds } = this.#settings;
    const { tolerance, maxIterations } = given.enough === undefined ? training : onFolds;
    const settings = { ...training, l2, tolerance, maxIterations, ...(signal && { signal }) };
    const { weightScale } = this.#task.examples;
    const { offsets } = this.#task.examples;
    const common = { weightScale, ...(offsets !== undefined && { offsets }) };
    const examples = { ...common, train, meanWeight: weight / train.length };
    const fit = {};
    const start = await startSecondOrder({ ...this.#task, settings, examples }, this.#placement, given);
    try {
      const { steps, objective, kernels } = start;
      let step = await steps.next();
      for (; !step.done; step = await steps.next()) {
        this.#fractions.set(fit, Math.max(this.#fractions.get(fit) ?? 0, step.value.fraction));
        this.#report();
      }
      throwIfAborted(signal);
      const taken = await take({ outcome: step.value, objective, kernels });
      this.#fractions.delete(fit);
      this.#done++;
      this.#report();
      return taken;
    } finally {
      start.release();
    }
  }

  #report(): void {
    const { values, onProgress } = this.#settings;
    const of = values.length * this.#folds.length + 1;
    const running = [...this.#fractions.values()].reduce((a, b) => a + b, 0);
    onProgress?.({
      table: this.#entries.slice(),
      fits: this.#done,
      of,
      elapsed: (performance.now() - this.#started) / 1000,
      fraction: (this.#done + running) / of,
    });
  }

  /**
   * Makes P⁻¹ of all rows, for all folds, or returns undefined where it does not pay. Reuses the last one
   * while it suits the penalty.
   */
  async #preconditioner(penalty: number): Promise<InverseBound | undefined> {
    const { rows, classes, problem, units } = this.#task;
    const { train } = this.#all;
    if (!preconditionerPays(train.length, rows.features, classes.length)) return undefined;
    const { standardize } = this.#settings.training;
    const penalised = standardize ? undefined : units;
    this.#moments ??= await featureMoments(rows, train, problem.intercept, penalised?.unit);
    const { penaltyFactors: factors } = problem;
    const largest = Array.from(factors ?? [1]).reduce((a, b) => Math.max(a, b));
    const ridge = this.#moments.ridge + largest * penalty;
    if (!this.#inverse || ridge < WORN * this.#inverse.ridge || ridge > this.#inverse.ridge / WORN) {
      const penalties = penaltiesIn(penalised, rows.features, penalty, 2, factors);
      this.#inverse = { ...(await preconditioner(this.#moments, penalties)), ridge };
    }
    return this.#inverse;
  }
}

/**
 * Scores weights on held-out rows. Class weights count in training but not in scores, so they are divided
 * out.
 */
async function heldOutScore(
  objective: Objective,
  weights: FloatArray,
  groups: readonly Group[],
): Promise<Score> {
  const w = objective.space.vector(weights);
  const sums = await Promise.all(
    groups.map(async ({ rows, factor }) => {
      const { loss, hits, weight } = await objective.evaluate(w, rows);
      return { loss: loss / factor, hits: hits / factor, weight: weight / factor };
    }),
  );
  return score(sums.reduce(addSums, ZERO_SUMS));
}

/** Averages weights, each (features + 1, classes). */
function meanOf(all: readonly FloatArray[]): FloatArray {
  return all[0].map((_: number, i: number) => all.reduce((sum, one) => sum + one[i], 0) / all.length);
}
