/**
 * L-BFGS (Liu & Nocedal 1989; Nocedal & Wright 2006, ch. 7) with a preconditioner and a nearly exact line
 * search. An iteration is one pass over X in two halves: ΔZ = X·p before the search, whose trials need no
 * pass, and Xᵀ·R after it.
 */
import type { Objective } from "../../engine/objective.js";
import { plus } from "../../engine/terms.js";
import type { Matrix, Product, Vector } from "../../engine/vectors.js";
import type { Sums } from "../../core/sums.js";
import { type Addition, type Direction, History, type Slope } from "./history.js";
import { lineAlong, search } from "./line-search.js";
import {
  type Method,
  type MethodContext,
  type MethodState,
  type Point,
  type Scaling,
  readWeights,
  stateOf,
  valueOf,
} from "./method.js";

/** Safety factor on the gain that the model of L-BFGS predicts, as its curvature is a guess. */
const DOUBT = 10;

/** A move along the last step, queued. */
interface Move {
  readonly t: number;
  /** Waits for the point that it leads to. */
  point(): Promise<Point>;
}

interface Answers extends Pick<Point, "sums" | "value" | "gradientMax"> {
  /** g·M·g */
  readonly square: number;
  /** The products that the history wanted. */
  readonly wanted: readonly Product[];
}

interface LbfgsContext extends MethodContext {
  /** Most pairs of the history. */
  readonly memory: number;
  /** The preconditioner. */
  readonly matrix?: Matrix | undefined;
}

/** L-BFGS without l1. OWL-QN overrides the protected methods. */
export class Lbfgs implements Method {
  readonly objective: Objective;
  readonly weights: Vector;
  passes = 0;
  protected readonly scaling: Scaling;
  protected readonly history: History;
  /** The step that the last search found: a part of it leads to the next weights. */
  protected readonly step: Vector;
  /** The current gradient, with l1 the smallest subgradient. */
  protected here: Slope;
  /** Space for the next. */
  #next: Slope;
  readonly #matrix: Matrix | undefined;
  /** g·M·g of the current gradient. */
  #square = 0;
  #ahead: Direction = { terms: [], slope: 0 };

  constructor({ objective, scaling, start, memory, matrix }: LbfgsContext) {
    const { space } = objective;
    this.objective = objective;
    this.weights = start;
    this.scaling = scaling;
    this.history = new History(space, memory, matrix !== undefined);
    this.step = space.vector();
    this.#matrix = matrix;
    [this.here, this.#next] = [this.#slope(), this.#slope()];
  }

  async evaluate(): Promise<Point> {
    this.passes++;
    const computing = this.objective.linearize(this.weights, this.gradient);
    this.setSlope();
    return this.#point(await this.#answers(computing, []), 0);
  }

  async iterate(from: Point, afresh: boolean): Promise<Point | undefined> {
    const moves: Move[] = [];
    const onLikely = (likely: number) => void moves.push(this.#move(likely, 0, afresh));
    const t = await this.search(from, this.#ahead, onLikely);
    const [moved] = moves;
    if (t !== undefined) return moved?.t === t ? moved.point() : this.#move(t, moved?.t ?? 0, afresh).point();
    const { length } = this.history;
    if (length === 0 && !moved) return undefined;
    if (moved) this.objective.space.combine(this.weights, plus(this.weights, -moved.t, this.step));
    this.history.forget(); // restart along the gradient, freshly evaluated
    const here = await this.evaluate();
    return length === 0 ? undefined : this.iterate(here, afresh);
  }

  async state(): Promise<MethodState> {
    const [weights, pairs] = await Promise.all([readWeights(this), this.history.state()]);
    return { kind: "quasi-newton", weights, passes: this.passes, pairs, square: this.#square };
  }

  async restore(state: MethodState): Promise<void> {
    const { passes, pairs, square } = stateOf(state, "quasi-newton");
    const evaluating = this.objective.linearize(this.weights, this.gradient);
    this.setSlope();
    await evaluating;
    this.history.restore(pairs);
    [this.passes, this.#square] = [passes, square];
    this.#ahead = this.history.direction(this.here, square);
  }

  /**
   * Sets the step, and returns the part of it to take. Returns undefined where no part lowers F. `search`
   * documents `onLikely`.
   */
  protected async search(
    { sums }: Point,
    { terms, slope }: Direction,
    onLikely: (t: number) => void,
  ): Promise<number | undefined> {
    const { objective, step } = this;
    if (!(slope < 0)) return undefined;
    objective.space.combine(step, terms);
    objective.setDirection(step);
    this.passes += 0.5;
    const asking = lineAlong(objective, this.scaling, this.weights, step, sums, slope);
    if (this.history.length > 0) return search(objective, asking, 1, { onLikely });
    // Without a history the direction has no length of its own: take Newton's step along the line.
    const [line, [start]] = await Promise.all([asking, objective.evaluateAlong([0])]);
    const first = -slope / (line.scale * start.curvature + line.penaltyCurvature);
    return first > 0 && first < Infinity ? search(objective, line, first, { onLikely }) : undefined;
  }

  /** The vector that passes write ∇F to. */
  get gradient(): Vector {
    return this.here.g;
  }

  /** Computes `here` from ∇F. */
  protected setSlope(): void {
    const { g, mg } = this.here;
    if (this.#matrix) this.objective.space.multiply(mg, this.#matrix, g);
  }

  /** Computes the l1 penalty of the weights. */
  protected penalty(): Promise<number> {
    return Promise.resolve(0);
  }

  /** Queues the move to t steps from where the last search began, `moved` of which are made already. */
  #move(t: number, moved: number, afresh: boolean): Move {
    const { objective, weights: w } = this;
    objective.space.combine(w, plus(w, t - moved, this.step)); // exactly 0 where t is 1 and the step is −w
    this.passes += afresh ? 1 : 0.5;
    if (moved === 0) [this.here, this.#next] = [this.#next, this.here];
    const g = this.gradient;
    const computing = afresh ? objective.linearize(w, g) : objective.step(t - moved, w, g);
    this.setSlope();
    const addition = this.history.add(t, this.step, this.#next, this.here);
    const answers = this.#answers(computing, addition.wanted);
    answers.catch(() => {}); // `point` may never be called
    return {
      t,
      point: async () => {
        const found = await answers;
        addition.finish(found.wanted);
        return this.#point(found, t);
      },
    };
  }

  /** Queues the products at the current weights and those `wanted`, and waits for all, F and ∇F. */
  async #answers(computing: Promise<Sums>, wanted: Addition["wanted"]): Promise<Answers> {
    const { weights: w, here } = this;
    const { g, mg } = here;
    const [sums, [weights, gradient, square, ...others], l1] = await Promise.all([
      computing,
      this.objective.space.products([[w, w], [g, g], [g, mg], ...wanted]),
      this.penalty(),
    ]);
    const value = valueOf(this.scaling, sums, weights) + l1;
    const gradientMax = Math.sqrt(gradient.largest);
    return { sums, value, gradientMax, square: square.sum, wanted: others };
  }

  /** The current point, `step` steps from the one before. Plans the next direction. */
  #point({ sums, value, gradientMax, square }: Answers, step: number): Point {
    this.#square = square;
    this.#ahead = this.history.direction(this.here, square);
    return { sums, value, gradientMax, guess: (-DOUBT * this.#ahead.slope) / 2, step };
  }

  #slope(): Slope {
    const { space } = this.objective;
    const g = space.vector();
    return { g, mg: this.#matrix ? space.vector() : g };
  }
}
