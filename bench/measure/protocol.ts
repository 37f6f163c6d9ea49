/** What the page and its worker say to each other. All of it is plain data. */
import type { Notice, Measured } from "./measure.js";

/** One workload on some systems. */
export interface BenchmarkTask {
  readonly workload: string;
  readonly systems: readonly string[];
  /** Over batch sizes, instead of the workload's own. */
  readonly sweep: boolean;
  /** The address of the folder with the digits. */
  readonly mnist: string;
}

/** From the page to the worker, which does one task in its life. */
export type BenchmarkCommand =
  | { readonly kind: "start"; readonly task: BenchmarkTask }
  | { readonly kind: "stop" };

/** From the worker to the page. */
export type BenchmarkReport =
  | Notice
  | { readonly kind: "done"; readonly measured: Measured }
  /** Nothing could be measured at all. */
  | { readonly kind: "broken"; readonly message: string };
