/** The buffer of row numbers: it holds the orders of several epochs, so that a submission spans them. */
import type { Gpu } from "../device/device.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Fewest row numbers that the buffer holds. */
const ROWS = 2 ** 16;

export class Orders {
  readonly buffer: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #room: number;
  /** The first index of each order. */
  readonly #placed = new Map<Uint32Array, number>();
  /** Orders that are not yet written; the last ends at `#end`. */
  readonly #new: Uint32Array[] = [];
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

  /** Returns where an order begins. The next `write` copies it there. */
  place(order: Uint32Array): number {
    const there = this.#placed.get(order);
    if (there !== undefined) return there;
    if (this.isFull(order)) {
      this.#placed.clear();
      this.#new.length = 0;
      this.#end = 0;
    }
    const first = this.#end;
    this.#placed.set(order, first);
    this.#new.push(order);
    this.#end += order.length;
    return first;
  }

  /** Writes the orders that were placed since the last time, within the caller's `run`. */
  write(): void {
    const orders = this.#new.splice(0);
    const length = orders.reduce((sum, order) => sum + order.length, 0);
    const numbers = new Uint32Array(length);
    let at = 0;
    for (const order of orders) {
      numbers.set(order, at);
      at += order.length;
    }
    if (length > 0) this.#gpu.device.queue.writeBuffer(this.buffer, 4 * (this.#end - length), numbers);
  }
}
