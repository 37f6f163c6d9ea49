/** Times the reports of a training. */
import type { Progress } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";

/** Least time between reports, in ms. */
const REPORT_MS = 50;

/** Elapsed time, and examples per second since the last report. */
export class ReportClock {
  readonly #stopwatch: Stopwatch;
  #reported = { ms: 0, examples: 0 };

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
  }

  /** In seconds. */
  get elapsed(): number {
    return this.#stopwatch.milliseconds / 1000;
  }

  /** Whether the last report is long enough ago for another. */
  get due(): boolean {
    return this.#stopwatch.milliseconds - this.#reported.ms >= REPORT_MS;
  }

  /** Reports that so many examples were seen so far. */
  report(examples: number): Pick<Progress, "examples" | "examplesPerSecond" | "elapsed"> {
    const before = this.#reported;
    this.#reported = { ms: this.#stopwatch.milliseconds, examples };
    const seconds = Math.max(this.#reported.ms - before.ms, 1e-3) / 1000;
    return {
      examples,
      examplesPerSecond: (examples - before.examples) / seconds,
      elapsed: this.#reported.ms / 1000,
    };
  }
}
