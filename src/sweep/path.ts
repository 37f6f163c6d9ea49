/**
 * Fits a path of penalties on every fold, from the largest to the smallest, each starting from the weights of
 * the last.
 */
import { throwIfAborted } from "../core/abort.js";
import type { Label } from "../data/labels.js";
import { penaltiesIn } from "../data/units.js";
import { type Placement } from "../engine/engine.js";
import { type Objective } from "../engine/objective.js";
import { type FloatArray } from "../core/rows.js";
import {
  type InverseBound,
  type Moments,
  featureMoments,
  preconditionerPays,
  preconditioner,
} from "../solvers/optimum/preconditioner.js";
import type { Outcome } from "../solvers/solver.js";
import { type Given, startSecondOrder } from "../train/optimise.js";
import type { PreparedTask } from "../train/prepare.js";
import { type TriedPenalty, type Penalty, strengthOf } from "./penalties.js";
import { runChains } from "./chains.js";
import type { SweepSettings } from "./options.js";
import { type HeldOut, Scorer } from "./scoring.js";
import { type SweepEntry, type SweepFold, entryOf } from "./table.js";

/** The rows that a fit is trained on. */
interface Part {
  readonly train: Uint32Array;
  /** Total weight of those rows. */
  readonly weight: number;
}

/** The training rows of a fold, and the rows that it holds out. */
export interface FoldPart extends Part {
  readonly heldOut: HeldOut;
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

/** One penalty. Each fold goes through the stops in order, but folds reach a stop in any order. */
interface Stop {
  readonly tried: TriedPenalty;
  /** The place in the table. */
  readonly place: number;
  /** Finished fits by the number of their fold. */
  readonly fits: Map<number, FoldFit>;
  /** Preconditioner of the penalty, made for the first fit that needs it. */
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
  readonly #scorer: Scorer<L>;
  /** Entries by their place in the table, in the order in which they were finished. */
  readonly #entries = new Map<number, SweepEntry>();
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
    this.#scorer = new Scorer(task, placement, settings.scoring);
  }

  /** Fits every penalty on every fold. Returns an entry for each, in their order. */
  async table(): Promise<SweepEntry[]> {
    const { tried, training, onFolds } = this.#settings;
    const { rows, classes } = this.#task;
    const enough = onFolds.tolerance * FITTED * Math.log(classes.length);
    const logits = 8 * rows.count * classes.length;
    const together = Math.min(this.#folds.length, Math.max(1, Math.floor(LOGITS_BYTES / logits)));
    const strength = ({ tried: one }: Stop) => strengthOf(one.of(1));
    const stops = tried
      .map((one, place): Stop => ({ tried: one, place, fits: new Map() }))
      .toSorted((a, b) => a.tried.path - b.tried.path || strength(b) - strength(a));
    await runChains(this.#folds.length, stops.length, together, training.signal, async (n, step, signal) => {
      const fold = this.#folds[n];
      const stop = stops[step];
      const penalty = this.#penalty(stop.tried, fold);
      stop.inverse ??= this.#preconditioner(this.#penalty(stop.tried, this.#folds[0]).l2);
      const before = step > 0 ? stops[step - 1] : undefined;
      const weights = before?.tried.path === stop.tried.path ? before.fits.get(n)?.weights : undefined;
      const given = { weights, inverse: await stop.inverse, together, enough };
      const fit = await this.#fit(fold, penalty, given, signal, async ({ objective, outcome }) => {
        const { iterations, converged } = outcome;
        const scored = await this.#scorer.score(objective, outcome.weights, fold.heldOut);
        return { weights: outcome.weights, fold: { ...scored, ...penalty, iterations, converged } };
      });
      stop.fits.set(n, fit);
      if (stop.fits.size === this.#folds.length) this.#keep(stop);
    });
    return [...this.#entries].toSorted(([a], [b]) => a - b).map(([, entry]) => entry);
  }

  /** Makes the entry of a penalty that all folds have finished. */
  #keep({ tried, place, fits }: Stop): void {
    const penalty = this.#penalty(tried, this.#all);
    const strength = strengthOf(penalty);
    const {
      C = this.#task.examples.weightScale / (strength * this.#all.weight),
      l1Ratio = strength > 0 ? penalty.l1 / strength : 0,
    } = tried;
    const inOrder = [...fits].toSorted(([a], [b]) => a - b).map(([, fit]) => fit);
    const entry = entryOf(
      { C, l1Ratio, ...penalty },
      inOrder.map(({ fold }) => fold),
    );
    this.#entries.set(place, entry);
    this.#means.set(entry, meanOf(inOrder.map(({ weights }) => weights)));
  }

  /** Fits all rows with the penalty of the entry. */
  async refit(entry: SweepEntry): Promise<{ readonly outcome: Outcome; readonly kernels: string }> {
    const given = { weights: this.#means.get(entry), inverse: await this.#preconditioner(entry.l2) };
    const { signal } = this.#settings.training;
    return this.#fit(this.#all, entry, given, signal, async ({ outcome, kernels }) => ({
      outcome,
      kernels,
    }));
  }

  /** The penalty on the mean objective of the part. */
  #penalty(tried: TriedPenalty, { weight }: Part): Penalty {
    return tried.of(weight / this.#task.examples.weightScale);
  }

  /** Runs one fit, and returns what `take` makes of it before its objective is released. */
  async #fit<T>(
    { train, weight }: Part,
    { l1, l2 }: Penalty,
    given: Given,
    signal: AbortSignal | undefined,
    take: (fitted: Fitted) => Promise<T>,
  ): Promise<T> {
    const { training, onFolds } = this.#settings;
    const { tolerance, maxIterations } = given.enough === undefined ? training : onFolds;
    const settings = { ...training, l1, l2, tolerance, maxIterations, ...(signal && { signal }) };
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
    const { tried, onProgress } = this.#settings;
    const of = tried.length * this.#folds.length + 1;
    const running = [...this.#fractions.values()].reduce((a, b) => a + b, 0);
    onProgress?.({
      table: [...this.#entries.values()],
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

/** Averages weights, each (features + 1, classes). */
function meanOf(all: readonly FloatArray[]): FloatArray {
  return all[0].map((_: number, i: number) => all.reduce((sum, one) => sum + one[i], 0) / all.length);
}
