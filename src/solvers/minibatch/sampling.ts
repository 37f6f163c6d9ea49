/** Sampling: which rows an epoch takes, in which order and with which weights. */
import { yieldIfDue } from "../../core/event-loop.js";
import { type Random, type RandomState, type SeededRandom, range, shuffle } from "../../core/random.js";
import type { Placement } from "../../engine/engine.js";
import type { Descent, DescentProblem } from "../../engine/descent.js";
import { type RowSource, readChosenBlocks } from "../../core/row-source.js";
import { type FloatArray, squares } from "../../core/rows.js";
import { addOffsets, residual } from "../../math/passes.js";
import { blocks } from "../../math/row-blocks.js";

export interface Sampling {
  /** The rows, with their weights in the current epoch. */
  readonly rows: RowSource;
  /** True where the next epoch depends on the weights after this one. */
  readonly adapts: boolean;
  /**
   * Returns the row numbers of the next epoch, in order: the same array where the order stays the same. Call
   * it only while no step is running if the sampling adapts.
   */
  next(): Promise<Uint32Array>;
  state(): SamplingState;
  /** Goes back to a state and returns the row numbers of its epoch. Call it only while no step is running. */
  restore(state: SamplingState): Uint32Array;
}

export interface SamplingState {
  /** The row numbers of the current epoch. */
  readonly order: Uint32Array;
  readonly random: RandomState;
  readonly importance?: ImportanceState;
}

/** The state that importance sampling keeps from epoch to epoch. */
interface ImportanceState {
  /** Epochs begun. */
  readonly epochs: number;
  /** (train) expected draws of each row per epoch. */
  readonly rates: Float64Array;
}

/** Takes every row once per epoch, in a new random order each time if `shuffled`. */
export function uniform(
  rows: RowSource,
  train: Uint32Array,
  shuffled: boolean,
  random: SeededRandom,
): Sampling {
  let order = train.slice();
  return {
    rows,
    adapts: false,
    async next() {
      if (shuffled) {
        order = order.slice();
        shuffle(order, random);
      }
      return order;
    },
    state: () => ({ order: order.slice(), random: random.state() }),
    restore(state) {
      order = state.order.slice();
      random.restore(state.random);
      return order;
    },
  };
}

interface ImportanceContext {
  readonly placement: Placement;
  readonly descent: Descent;
  readonly problem: DescentProblem;
  readonly rows: RowSource;
  /** The numbers of the training rows. */
  readonly train: Uint32Array;
  readonly random: SeededRandom;
}

/**
 * Importance sampling: draws rows in proportion to the norm of their gradient, ‖s − t‖·‖[x, 1]‖ times their
 * weight, which minimises the variance of the gradient estimate (Zhao & Zhang 2015); some draws go by weight
 * alone (`BY_WEIGHT`). A row drawn r times as often weighs 1/r, so that the expected gradient is that of the
 * whole data.
 *
 * Gradient norms are recomputed before epochs 1, 2, 3, 5, 9, 17, …, as they change ever more slowly. That
 * costs half a pass over X and a readback of all rows' logits.
 */
export class Importance implements Sampling {
  rows: RowSource;
  readonly adapts = true;
  readonly #placement: Placement;
  readonly #descent: Descent;
  readonly #problem: DescentProblem;
  readonly #random: SeededRandom;
  /** Draws per epoch. */
  readonly #count: number;
  /** Training rows with a weight above 0. */
  readonly #train: Uint32Array;
  /** (train) the rows' own weights. */
  readonly #weights: Float64Array;
  /** (train) expected draws of each row per epoch. */
  #rates: Float64Array = new Float64Array();
  #featureNorms: Float64Array | undefined;
  /** The row numbers of the current epoch. */
  #order: Uint32Array = new Uint32Array();
  /** Epochs begun. */
  #epochs = 0;

  constructor({ placement, descent, problem, rows, train, random }: ImportanceContext) {
    const weightOf = (row: number) => (rows.weights ? rows.weights[row] : 1);
    this.rows = rows;
    this.#placement = placement;
    this.#descent = descent;
    this.#problem = problem;
    this.#random = random;
    this.#count = train.length;
    this.#train = train.filter((row) => weightOf(row) > 0);
    this.#weights = Float64Array.from(this.#train, weightOf);
  }

  async next(): Promise<Uint32Array> {
    if ((this.#epochs & (this.#epochs - 1)) === 0) {
      this.#weigh(drawRates(await this.#gradientNorms(), this.#weights, this.#count));
    }
    this.#epochs++;
    this.#order = drawRows(this.#rates, this.#count, this.#random).map((n) => this.#train[n]);
    return this.#order;
  }

  state(): SamplingState {
    const importance = { epochs: this.#epochs, rates: this.#rates };
    return { order: this.#order, random: this.#random.state(), importance };
  }

  restore({ order, random, importance }: SamplingState): Uint32Array {
    if (!importance) throw new Error("A state of uniform sampling cannot go on as importance sampling.");
    this.#order = order;
    this.#random.restore(random);
    this.#epochs = importance.epochs;
    this.#weigh(importance.rates);
    return this.#order;
  }

  /** Draws rows at these rates from now on, and divides the rows' weights by them. */
  #weigh(rates: Float64Array): void {
    this.#rates = rates;
    const weights = this.rows.weights?.slice() ?? new Float32Array(this.rows.count).fill(1);
    this.#train.forEach((row, n) => (weights[row] = this.#weights[n] / this.#rates[n]));
    this.#placement.weigh(weights);
    this.rows = { ...this.rows, weights };
  }

  /** (train) the norm of each row's gradient [x, 1] ⊗ (s − t), without the row's weight. */
  async #gradientNorms(): Promise<Float64Array> {
    const { classes, smoothing } = this.#problem;
    const { weights: _, ...equal } = this.rows;
    const norms = (this.#featureNorms ??= await this.#normsOfFeatures()).slice();
    const z = await this.#logits();
    for (const block of this.#blocks()) {
      const from = classes * block[0];
      const own = new Float64Array(z.subarray(from, from + classes * block.length));
      const { residual: r } = residual(
        equal,
        block.map((n) => this.#train[n]),
        own,
        classes,
        smoothing,
      );
      block.forEach((n, i) => (norms[n] *= Math.sqrt(squares(r, i * classes, classes))));
      await yieldIfDue();
    }
    return norms;
  }

  /** (train) ‖[x, 1]‖, or ‖x‖ without an intercept. */
  async #normsOfFeatures(): Promise<Float64Array> {
    const { features, scale } = this.rows;
    const norms = new Float64Array(this.#train.length);
    let n = 0;
    for await (const { x, first, chosen } of readChosenBlocks(this.rows, this.#train)) {
      for (const row of chosen) {
        const square = scale ** 2 * squares(x, (row - first) * features, features);
        norms[n++] = Math.sqrt(square + Number(this.#problem.intercept));
      }
    }
    return norms;
  }

  /** Positions in `#train`, block by block. */
  #blocks(): Iterable<Uint32Array> {
    return blocks({ count: this.#train.length, features: this.rows.features }, this.#problem.classes);
  }

  /** (train, classes) the logits with the offsets. */
  async #logits(): Promise<FloatArray> {
    const { classes, intercept } = this.#problem;
    const objective = await this.#placement.objective({
      classes,
      intercept,
      scale: 1,
      penalties: new Float64Array(this.rows.features),
      rows: this.#train,
    });
    try {
      objective.setDirection(objective.space.vector(await this.#descent.weights()));
      const z = await objective.directionLogits();
      addOffsets(this.rows, this.#train, z, classes);
      return z;
    } finally {
      objective.release();
    }
  }
}

/**
 * The share of draws made by weight alone. No draw then weighs more than twice the mean, however a gradient
 * grows within the epoch, and a step's variance is at most twice that of either pure scheme, for rows drawn
 * independently (Needell, Srebro & Ward 2016, partially biased sampling).
 */
const BY_WEIGHT = 0.5;

/** (rows) the expected draws of each row, `count` in total. */
export function drawRates(norms: Float64Array, weights: Float64Array, count: number): Float64Array {
  const total = sum(weights);
  const lengths = norms.map((norm, n) => weights[n] * norm);
  const length = sum(lengths);
  const byWeight = length > 0 ? BY_WEIGHT : 1;
  return lengths.map(
    (one, n) =>
      count * ((byWeight * weights[n]) / total + (length > 0 ? ((1 - byWeight) * one) / length : 0)),
  );
}

/**
 * Draws `count` row numbers in random order, each as often as its rate, rounded up or down at random. Rates
 * of 1 give a shuffle. (Systematic sampling, Madow 1949: lays the rates end to end in random order and picks
 * the rows at equally spaced points.)
 */
export function drawRows(rates: Float64Array, count: number, random: Random): Uint32Array {
  const order = range(rates.length);
  shuffle(order, random);
  const total = order.reduce((length, n) => length + rates[n], 0);
  const offset = random() / 2 ** 32;
  const draws = new Uint32Array(count);
  let at = 0;
  let past = rates[order[0]];
  for (let k = 0; k < count; k++) {
    const point = (total * (k + offset)) / count;
    while (point >= past && at < order.length - 1) past += rates[order[++at]];
    draws[k] = order[at];
  }
  shuffle(draws, random);
  return draws;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
