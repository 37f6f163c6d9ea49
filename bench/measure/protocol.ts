/** Messages between the benchmark page and its worker. All of it is plain data. */
import type { Notice, Measured } from "./measure.js";

/** One workload to measure on some systems. */
export interface BenchmarkTask {
  readonly workload: string;
  readonly systems: readonly string[];
  /** Whether to measure a range of batch sizes, instead of the workload's own. */
  readonly sweep: boolean;
  /** Address of the folder with the digits. */
  readonly mnist: string;
}

/** From the page to the worker, which performs one task and is then terminated. */
export type BenchmarkCommand =
  | { readonly kind: "start"; readonly task: BenchmarkTask }
  | { readonly kind: "stop" };

/** From the worker to the page. */
export type BenchmarkReport =
  | Notice
  | { readonly kind: "done"; readonly measured: Measured }
  /** Nothing could be measured at all. */
  | { readonly kind: "broken"; readonly message: string };
