/** The logits of placed rows in the kernels' memory, for predictions. */
import { range } from "../../core/random.js";
import type { LogitsPass, LogitsProblem } from "../logits-pass.js";
import type { WasmContext } from "./context.js";
import { KernelContext, logitsBytes, vectorBytes } from "./kernel-context.js";
import { layoutOf } from "./layout.js";
import { OPERATIONS } from "./plan.js";

export class WasmLogits implements LogitsPass {
  readonly blockRows: number;
  readonly #work: KernelContext;
  /** Address of the numbers of all rows. */
  readonly #order: number;
  readonly #weights: number;
  /** Address of the logits of a block. */
  readonly #z: number;
  /** The block asked for last, computed or not. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: WasmContext, { classes, weights, blockRows }: LogitsProblem) {
    const { rows, placed } = context;
    const shape = { classes, intercept: true, batchSize: blockRows, awaited: true };
    const layout = layoutOf(rows, shape);
    const order = 4 * rows.count;
    const z = logitsBytes(layout, blockRows);
    this.blockRows = blockRows;
    this.#work = new KernelContext(context, shape, layout, [order, z, vectorBytes(layout, placed.stride)]);
    try {
      this.#order = this.#work.allocate(order);
      this.#z = this.#work.allocate(z);
      this.#weights = this.#work.vector();
      this.#work.words(this.#order, rows.count).u32.set(range(rows.count));
      this.#work.setMatrix(this.#weights, weights);
      this.#work.write({ direction: this.#z });
    } catch (error) {
      this.#work.release();
      throw error;
    }
  }

  logits(first: number, rows: number): Promise<Float32Array> {
    const { setDirection: operation } = OPERATIONS;
    const entry = { operation, order: this.#order, first, rows, input: this.#weights };
    const block = this.#last.then(async () => {
      await this.#work.run([entry]);
      return this.#work.logitsAt(this.#z, rows);
    });
    this.#last = block.catch(() => {}); // the caller handles the rejection
    return block;
  }

  release(): void {
    this.#work.release();
  }
}
