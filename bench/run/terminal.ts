/** Shows progress on one line that is overwritten, or as plain lines now and then without a terminal. */
import type { Progress } from "../../src/index.js";
import type { Limit } from "../page/train/job.js";
import * as format from "../page/shared/format.js";

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR = "\r\u001b[2K";
const BAR = 24;
/** Seconds between plain lines. */
const PLAIN = 5;

export class Terminal {
  readonly #output: Output;
  readonly #now: () => number;
  #open = false;
  #writtenAt = -Infinity;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
  }

  /** Writes a line that stays. */
  say(text: string): void {
    this.close();
    this.#output.write(`${text}\n`);
  }

  /** Writes a line that the next one replaces; a `final` line stays. */
  show(text: string, final = false): void {
    if (this.#output.isTTY) {
      const width = (this.#output.columns ?? 80) - 1;
      this.#output.write(`${CLEAR}${text.slice(0, width)}`);
      this.#open = true;
      if (final) this.close();
      return;
    }
    const now = this.#now();
    if (!final && now - this.#writtenAt < 1000 * PLAIN) return;
    this.#writtenAt = now;
    this.#output.write(`${text}\n`);
  }

  /** Ends a line that was left open. */
  close(): void {
    if (this.#open) this.#output.write("\n");
    this.#open = false;
  }

  /** Erases a line that was left open. */
  clear(): void {
    if (this.#open) this.#output.write(CLEAR);
    this.#open = false;
  }
}

export function progressLine(progress: Progress, { unit, most }: Limit): string {
  const { epoch, fraction, loss, accuracy, gradientMax, examplesPerSecond } = progress;
  const filled = Math.round(fraction * BAR);
  const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
  const number = String(epoch).padStart(String(most).length);
  const gradient = gradientMax === undefined ? "" : `gradient ${format.rough(gradientMax)}  `;
  return (
    `${bar} ${unit} ${number}${unit === "epoch" ? `/${most}` : ""}  loss ${format.loss(loss)}  ` +
    `accuracy ${format.percent(accuracy)}  ${gradient}${format.count(examplesPerSecond)} examples/s`
  );
}
