/**
 * How many blocks a submission has, so that it keeps the device busy for about as long as it should. The time
 * per block is that between answers, not from a submission to its answer: browsers answer late, Firefox up to
 * 100 ms.
 */

/** Answers this many milliseconds apart came together: the device was done with the later one before. */
const TOGETHER_MS = 0.5;
/** Most that a submission may grow and shrink by from one answer to the next, as factors. */
const GROWTH = 4;
const SHRINKAGE = 2;

export class Pace {
  readonly #milliseconds: number;
  readonly #most: number;
  #blocks: number;
  /** When the last answer came. */
  #answered = -Infinity;
  /** Blocks and milliseconds of the submissions so far, each counting half as much as the next. */
  readonly #recent = { blocks: 0, milliseconds: 0 };

  /**
   * @param milliseconds - how long a submission should take
   * @param guess - blocks of the first submission
   * @param most - most blocks of any
   */
  constructor(milliseconds: number, guess: number, most: number) {
    this.#milliseconds = milliseconds;
    this.#most = most;
    this.#blocks = this.#within(guess);
  }

  /** Blocks of the next submission. */
  get blocks(): number {
    return this.#blocks;
  }

  /** Hears that a submission of `blocks` blocks, made at `began`, was answered `now`. */
  hear(blocks: number, began: number, now: number): void {
    const since = now - this.#answered;
    const busy = now - Math.max(began, this.#answered);
    this.#answered = now;
    const recent = this.#recent;
    recent.blocks = recent.blocks / 2 + blocks;
    recent.milliseconds = recent.milliseconds / 2 + busy;
    const wanted =
      since < TOGETHER_MS ? Infinity : this.#milliseconds / (recent.milliseconds / recent.blocks);
    this.#blocks = this.#within(Math.max(this.#blocks / SHRINKAGE, Math.min(this.#blocks * GROWTH, wanted)));
  }

  #within(blocks: number): number {
    return Math.max(1, Math.min(this.#most, Math.floor(blocks)));
  }
}
