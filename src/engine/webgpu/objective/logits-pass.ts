/** The logits of placed rows on the device, for predictions, by the kernels of an objective. */
import { range } from "../../../core/random.js";
import type { LogitsPass, LogitsProblem } from "../../logits-pass.js";
import { GPUBufferUsage } from "../device/flags.js";
import { pad, scratch, unpad } from "../kernels/blocks.js";
import { objectiveChoices } from "../kernels/choice.js";
import { shapeOf } from "../kernels/cut.js";
import { cutObjective } from "../kernels/cut-objective.js";
import type { GpuRows } from "../placement.js";
import { Commands } from "./commands.js";
import { type ProductContext, type ProductKernels, Products, compileProducts } from "./products.js";

export class WebGpuLogits implements LogitsPass {
  readonly blockRows: number;
  readonly #context: ProductContext;
  readonly #products: Products;
  /** The numbers of all rows. */
  readonly #order: GPUBuffer;
  /** (4 · features4, classes4) vectors of four */
  readonly #weights: GPUBuffer;
  /** (blockRows, classes4) vectors of four */
  readonly #z: GPUBuffer;

  private constructor(context: ProductContext, kernels: ProductKernels, { weights }: LogitsProblem) {
    const { gpu, placed, tiling } = context;
    const { blockRows, classes, classes4, count } = tiling;
    const create = (label: string, bytes: number) =>
      gpu.buffer(label, bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
    this.blockRows = blockRows;
    this.#context = context;
    this.#products = new Products(context, kernels);
    this.#order = create("order", 4 * placed.rows.count);
    this.#weights = create("weights", 16 * count);
    this.#z = scratch(gpu, "logits", 16 * classes4 * blockRows);
    gpu.run(() => {
      const { queue } = gpu.device;
      queue.writeBuffer(this.#order, 0, Uint32Array.from(range(placed.rows.count)));
      queue.writeBuffer(this.#weights, 0, pad(weights, classes, 4 * classes4, 4 * count));
    });
  }

  static async create(placed: GpuRows, problem: LogitsProblem): Promise<WebGpuLogits> {
    const { rows, gpu: parent } = placed;
    const { classes, blockRows } = problem;
    const shape = shapeOf(rows, classes, blockRows, parent.capacity);
    const [choice] = objectiveChoices(shape, parent.capacity);
    const tiling = cutObjective(rows, classes, blockRows, parent.capacity, choice);
    const what = `logits of ${tiling.blockRows} rows × ${classes} classes, and weights of ${rows.features} features`;
    return parent.allocate(what, async (gpu) => {
      const context = { gpu, commands: new Commands(gpu, tiling), placed, tiling };
      return new WebGpuLogits(context, await compileProducts(context), problem);
    });
  }

  async logits(first: number, rows: number): Promise<Float32Array> {
    const { commands, tiling } = this.#context;
    const block = { first, rows, number: 0, last: true };
    this.#products.gather(block, this.#order);
    this.#products.logits(block, this.#order, { buffer: this.#weights }, this.#z);
    const padded = await commands.read(this.#z, 16 * tiling.classes4 * rows);
    return unpad(new Float32Array(padded), 4 * tiling.classes4, tiling.classes);
  }

  release(): void {
    this.#context.gpu.release();
  }
}
