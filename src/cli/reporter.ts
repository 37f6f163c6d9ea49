/** Shows the progress of a training as lines of text. */
import type { Progress } from "../core/progress.js";
import type { Streams } from "./streams.js";

/**
 * Overwrites one line on a terminal. Elsewhere it writes one line per epoch, or per ten iterations. What was
 * read comes first, once the training has begun.
 */
export class Reporter {
  readonly #streams: Streams;
  readonly #notes: readonly string[];
  #latest: Progress | undefined;

  constructor(streams: Streams, notes: readonly string[] = []) {
    this.#streams = streams;
    this.#notes = notes;
  }

  show(progress: Progress): void {
    const { status, live, columns = () => 80 } = this.#streams;
    if (!this.#latest) for (const note of this.#notes) status(`${note}\n`);
    if (live) status(`\r\u001b[K${lineOf(progress).slice(0, columns() - 1)}`); // a wrapped line would stay
    else if (this.#latest && tick(progress) > tick(this.#latest)) status(`${lineOf(this.#latest)}\n`);
    this.#latest = progress;
  }

  /** Ends the line on a terminal, elsewhere prints the last report. Call it however the training ended. */
  end(): void {
    const { status, live } = this.#streams;
    if (this.#latest) status(live ? "\n" : `${lineOf(this.#latest)}\n`);
  }
}

/** Returns a number that grows when the next line is due. */
function tick(progress: Progress): number {
  return unitOf(progress) === "epoch" ? progress.epoch : Math.floor(progress.epoch / 10);
}

function lineOf(progress: Progress): string {
  const { epoch, loss, accuracy, gradientMax, examplesPerSecond, fraction, validation } = progress;
  const gradient = gradientMax === undefined ? "" : `  gradient ${gradientMax.toExponential(1)}`;
  const watched = validation
    ? `  validation ${validation.loss.toFixed(4)} ${asPercent(validation.accuracy)}`
    : "";
  return (
    `${asPercent(fraction).padStart(7)}  ${unitOf(progress)} ${epoch}  loss ${loss.toFixed(4)}  ` +
    `accuracy ${asPercent(accuracy)}${gradient}${watched}  ${Math.round(examplesPerSecond)} examples/s`
  );
}

export function asPercent(share: number | undefined): string {
  return share === undefined ? "?" : `${(100 * share).toFixed(1)} %`;
}

/** Returns the unit that a training counts in: iterations where records have a gradient, else epochs. */
export function unitOf(
  one: { readonly gradientMax?: number | undefined } | undefined,
): "epoch" | "iteration" {
  return one?.gradientMax === undefined ? "epoch" : "iteration";
}
