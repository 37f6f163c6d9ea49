/** Times the reports of a training. */
import type { Progress } from "../../core/progress.js";
import type { Stopwatch } from "../../core/stopwatch.js";

/** Least time between reports, in ms. */
const REPORT_MS = 50;

/** Elapsed time, and examples per second since the last report. */
export class ReportClock {
  readonly #stopwatch: Stopwatch;
  #reported: { readonly ms: number; readonly examples: number };

  /** `examples` were seen before. */
  constructor(stopwatch: Stopwatch, examples: number) {
    this.#stopwatch = stopwatch;
    this.#reported = { ms: stopwatch.milliseconds, examples };
  }

  get milliseconds(): number {
    return this.#stopwatch.milliseconds;
  }

  /** In seconds. */
  get elapsed(): number {
    return this.milliseconds / 1000;
  }

  /** Whether the last report is long enough ago for another. */
  get due(): boolean {
    return this.milliseconds - this.#reported.ms >= REPORT_MS;
  }

  /** Reports that so many examples were seen so far. */
  report(examples: number): Pick<Progress, "examples" | "examplesPerSecond" | "elapsed"> {
    const before = this.#reported;
    this.#reported = { ms: this.milliseconds, examples };
    const seconds = Math.max(this.#reported.ms - before.ms, 1e-3) / 1000;
    return {
      examples,
      examplesPerSecond: (examples - before.examples) / seconds,
      elapsed: this.#reported.ms / 1000,
    };
  }
}
