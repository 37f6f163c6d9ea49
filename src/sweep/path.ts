/** The fits of a sweep: along the penalties, from the most penalised to the least, each from where the last one ended. */
import { throwIfAborted } from "../train/abort.js";
import type { Label } from "../data/labels.js";
import { penaltiesIn } from "../data/units.js";
import { type Placement } from "../engine/engine.js";
import { type Objective } from "../engine/objective.js";
import { NOTHING, addSums } from "../core/sums.js";
import { type FloatArray } from "../core/rows.js";
import type { Score } from "../core/progress.js";
import {
  type InverseBound,
  type Moments,
  featureMoments,
  pays,
  preconditioner,
} from "../solvers/optimum/preconditioner.js";
import { type Outcome, score } from "../solvers/solver.js";
import { type Given, startSecondOrder } from "../train/optimise.js";
import type { Task } from "../train/problem.js";
import { inLanes } from "./lanes.js";
import type { SweepSettings } from "./options.js";
import { type SweepEntry, type SweepFold, entryOf } from "./table.js";

/** Rows to score, in one group for each factor that their weights were multiplied by to train on them. */
interface Group {
  readonly rows: Uint32Array;
  readonly factor: number;
}

/** What fits are trained on. */
interface Part {
  readonly train: Uint32Array;
  /** Of those rows. */
  readonly weight: number;
}

/** A part of the data, and the rest of it. */
export interface FoldPart extends Part {
  readonly heldOut: readonly Group[];
}

interface Fitted {
  readonly outcome: Outcome;
  readonly kernels: string;
  readonly objective: Objective;
}

interface FoldFit {
  readonly weights: FloatArray;
  readonly fold: SweepFold;
}

/** A value on the path. Fits of a fold come by one after another, and those of other folds when they will. */
interface Stop {
  readonly value: number;
  /** Of the folds that have been here. */
  readonly fits: Map<number, FoldFit>;
  /** The preconditioner, once a fit has asked for it. */
  inverse?: Promise<InverseBound | undefined>;
}

/** The logits of fits that run at once, and their change, take at most so many bytes; more fits wait. */
const LOGITS_BYTES = 2 ** 28;
/** Of the loss without a model: rows that are fitted so well leave nothing to a part of it that scores would show. */
const FITTED = 0.01;
/** A preconditioner serves other penalties until what is added to its diagonal has fallen to this part. */
const WORN = 0.5;

export class Path<L extends Label> {
  readonly #task: Task<L>;
  readonly #all: Part;
  readonly #folds: readonly FoldPart[];
  readonly #placement: Placement;
  readonly #settings: SweepSettings<L>;
  readonly #entries: SweepEntry[] = [];
  /** Where to begin the last fit: the mean of the folds' weights. */
  readonly #means = new Map<SweepEntry, FloatArray>();
  readonly #started = performance.now();
  /** How far the fits that run are. */
  readonly #fractions = new Map<object, number>();
  #done = 0;
  #moments: Moments | undefined;
  #inverse: (InverseBound & { readonly ridge: number }) | undefined;

  constructor(task: Task<L>, folds: readonly FoldPart[], placement: Placement, settings: SweepSettings<L>) {
    const { train, meanWeight } = task.examples;
    this.#task = task;
    this.#all = { train, weight: train.length * meanWeight };
    this.#folds = folds;
    this.#placement = placement;
    this.#settings = settings;
  }

  /** An entry a value, in the order given. */
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
    await inLanes(this.#folds.length, stops.length, together, training.signal, async (n, step, signal) => {
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

  /** The last fit, of all rows. */
  async refit(entry: SweepEntry): Promise<{ readonly outcome: Outcome; readonly kernels: string }> {
    const given = { weights: this.#means.get(entry), inverse: await this.#preconditioner(entry.l2) };
    const { signal } = this.#settings.training;
    return this.#fit(this.#all, entry.l2, given, signal, async ({ outcome, kernels }) => ({
      outcome,
      kernels,
    }));
  }

  /** The penalty on the mean objective of the part. */
  #l2(value: number, { weight }: Part): number {
    return this.#settings.name === "C" ? this.#task.examples.weightScale / (value * weight) : value;
  }

  /** What is made of a fit must be taken before its objective is released. */
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
    const examples = { train, meanWeight: weight / train.length, weightScale };
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

  /** P⁻¹ of all rows, for all folds: where it pays, and made anew where the last one is for another penalty altogether. */
  async #preconditioner(penalty: number): Promise<InverseBound | undefined> {
    const { rows, classes, problem, units } = this.#task;
    const { train } = this.#all;
    if (!pays(train.length, rows.features, classes.length)) return undefined;
    const { standardize } = this.#settings.training;
    const penalised = standardize ? undefined : units;
    this.#moments ??= await featureMoments(rows, train, problem.intercept, penalised?.unit);
    const ridge = this.#moments.ridge + penalty;
    if (!this.#inverse || ridge < WORN * this.#inverse.ridge || ridge > this.#inverse.ridge / WORN) {
      const penalties = penaltiesIn(penalised, rows.features, penalty, 2);
      this.#inverse = { ...(await preconditioner(this.#moments, penalties)), ridge };
    }
    return this.#inverse;
  }
}

/** Class weights count in training, not in scores. */
async function heldOutScore(
  objective: Objective,
  weights: FloatArray,
  groups: readonly Group[],
): Promise<Score> {
  const w = objective.vector(weights);
  const sums = await Promise.all(
    groups.map(async ({ rows, factor }) => {
      const { loss, hits, weight } = await objective.evaluate(w, rows);
      return { loss: loss / factor, hits: hits / factor, weight: weight / factor };
    }),
  );
  return score(sums.reduce(addSums, NOTHING));
}

function meanOf(all: readonly FloatArray[]): FloatArray {
  return all[0].map((_: number, i: number) => all.reduce((sum, one) => sum + one[i], 0) / all.length);
}
