/** The buffer of row numbers: it holds the orders of several epochs, so that a submission spans them. */
import type { Gpu } from "../device/device.js";

/** Rows that it has room for at least. */
const ROWS = 2 ** 16;

export class Orders {
  readonly buffer: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #room: number;
  /** Where each order begins. */
  readonly #placed = new Map<Uint32Array, number>();
  #end = 0;

  /** Makes room for any order of so many rows. */
  constructor(gpu: Gpu, rows: number) {
    this.#gpu = gpu;
    this.#room = Math.max(rows, ROWS);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.buffer = gpu.buffer("order", 4 * this.#room, usage);
  }

  /** Tells whether an order would overwrite others, which steps that are not yet submitted may need. */
  isFull(order: Uint32Array): boolean {
    return !this.#placed.has(order) && this.#end + order.length > this.#room;
  }

  /** Writes an order unless it is there, and returns where it begins. */
  place(order: Uint32Array): number {
    const there = this.#placed.get(order);
    if (there !== undefined) return there;
    if (this.isFull(order)) {
      this.#placed.clear();
      this.#end = 0;
    }
    const first = this.#end;
    const numbers = Uint32Array.from(order);
    this.#gpu.run(() => this.#gpu.device.queue.writeBuffer(this.buffer, 4 * first, numbers));
    this.#placed.set(order, first);
    this.#end += order.length;
    return first;
  }
}
