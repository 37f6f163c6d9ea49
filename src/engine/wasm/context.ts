/** The context of the descents and objectives of one placement. */
import type { RowHead } from "../../core/rows.js";
import type { Heap } from "./heap.js";
import type { HeapRows } from "./placement.js";
import type { ThreadPool } from "./thread-pool.js";

export interface WasmContext {
  readonly heap: Heap;
  readonly pool: ThreadPool;
  /** True if the products keep twelve sums in registers. */
  readonly twelveSums: boolean;
  /** The rows as they were given, and in the kernels' memory. */
  readonly rows: RowHead;
  readonly placed: HeapRows;
}
