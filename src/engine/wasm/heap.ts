/** Memory that kernels compute in: blocks of it are allocated and freed by address. */
import { DeviceError } from "../../errors.js";

const PAGE = 2 ** 16;
/** All that wasm32 addresses; where a machine does not even reserve so much, a half, or a quarter. */
const MOST_PAGES = [2 ** 16, 2 ** 15, 2 ** 14];
/** Blocks begin at multiples of this: no two share a line of the cache. */
const ALIGNMENT = 64;

/** The most that is kept for another engine. */
const KEPT_BYTES = 2 ** 28;

interface Range {
  readonly begin: number;
  readonly end: number;
}

/**
 * Heaps that wait for another engine. What one has reserved, 4 GiB of addresses, comes back only with the garbage, which a
 * browser collects too late: after a hundred there is no more to be had.
 */
const resting: Heap[] = [];

/** A heap that has rested, or a new one. */
export function takeHeap(): Heap {
  return resting.pop() ?? new Heap();
}

/** Gives back a heap that nobody computes in. It is kept unless something is left in it, or it has grown large. */
export function restHeap(heap: Heap): void {
  if (heap.live.blocks === 0 && heap.memory.buffer.byteLength <= KEPT_BYTES) resting.push(heap);
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Where the last block must end. */
  readonly #limit: number;
  /** In order, none next to another. The first page is left alone: 0 is no address. */
  #free: Range[] = [];
  readonly #blocks = new Map<number, number>();
  #end = PAGE;

  constructor() {
    const reserved = reserve();
    this.memory = reserved.memory;
    this.#limit = PAGE * (reserved.pages - 1); // so that no address past a block's end overflows
  }

  /** Blocks and bytes in use. */
  get live(): { readonly blocks: number; readonly bytes: number } {
    const bytes = Array.from(this.#blocks.values()).reduce((sum, size) => sum + size, 0);
    return { blocks: this.#blocks.size, bytes };
  }

  /** The address of so many bytes, which hold anything. Throws a DeviceError that names `what` when there are not so many. */
  allocate(bytes: number, what: string): number {
    const size = ALIGNMENT * Math.max(1, Math.ceil(bytes / ALIGNMENT));
    const found = this.#free.find(({ begin, end }) => end - begin >= size) ?? this.#grown(size, what);
    this.#free = this.#free.flatMap((range) => {
      if (range.begin !== found.begin) return [range];
      return found.end - found.begin > size ? [{ begin: found.begin + size, end: found.end }] : [];
    });
    this.#blocks.set(found.begin, size);
    return found.begin;
  }

  free(address: number): void {
    const size = this.#blocks.get(address);
    if (size === undefined) throw new Error(`There is no block at ${address}.`);
    this.#blocks.delete(address);
    this.#give({ begin: address, end: address + size });
  }

  #grown(size: number, what: string): Range {
    const last = this.#free.at(-1);
    const open = last?.end === this.#end ? last.begin : this.#end;
    const pages = Math.ceil((open + size - this.#end) / PAGE);
    if (this.#end + PAGE * pages > this.#limit) {
      throw new DeviceError(
        `${what} takes ${size} bytes, and of the ${this.#limit} that WebAssembly has here ${this.#limit - open} are free: ` +
          "use fewer rows, bytes or f16 for features, or the webgpu engine.",
      );
    }
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw new DeviceError(
        `${what} takes ${size} bytes, which this machine does not give: use fewer rows.`,
        { cause },
      );
    }
    const end = this.#end + PAGE * pages;
    this.#give({ begin: this.#end, end });
    this.#end = end;
    return { begin: open, end };
  }

  #give(range: Range): void {
    const ranges = [...this.#free, range].sort((a, b) => a.begin - b.begin);
    this.#free = [];
    for (const { begin, end } of ranges) {
      const before = this.#free.at(-1);
      if (before?.end === begin) this.#free.splice(-1, 1, { begin: before.begin, end });
      else this.#free.push({ begin, end });
    }
  }

  u32(address: number, length: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, address, length);
  }

  f32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  f64(address: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, address, length);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }
}

function reserve(): { readonly memory: WebAssembly.Memory; readonly pages: number } {
  let cause: unknown;
  for (const pages of MOST_PAGES) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true }), pages };
    } catch (error) {
      cause = error;
    }
  }
  throw new DeviceError("This machine reserves no memory for WebAssembly: use the reference engine.", {
    cause,
  });
}
