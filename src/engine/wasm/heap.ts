/** The memory that the kernels compute in, whose blocks are allocated and freed by address. */
import { DeviceError } from "../../core/errors.js";

const PAGE = 2 ** 16;
/** Pages to reserve: all that wasm32 addresses (4 GiB), else a half or a quarter if the machine refuses. */
const MOST_PAGES = [2 ** 16, 2 ** 15, 2 ** 14];
/** Blocks begin at multiples of this many bytes, so that no two share a cache line. */
const ALIGNMENT = 64;

interface Range {
  readonly begin: number;
  readonly end: number;
}

export class Heap {
  readonly memory: WebAssembly.Memory;
  /** No block may end beyond this address. */
  readonly #limit: number;
  /** Free ranges in order, adjacent ones merged. The first page is never used, so 0 is no block's address. */
  #free: Range[] = [];
  /** Bytes of each block in use, by address. */
  readonly #blocks = new Map<number, number>();
  /** Where the memory that has grown so far ends. */
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

  /**
   * Allocates a block, without clearing it, and returns its address.
   *
   * @param what the training or the rows that it belongs to, for the error.
   * @param own addresses of the blocks that these already have, whose sizes the error adds up.
   * @throws {DeviceError} if there is no room.
   */
  allocate(bytes: number, what: string, own: readonly number[] = []): number {
    const size = sizeOf(bytes);
    const found = this.#free.find(({ begin, end }) => end - begin >= size) ?? this.#grown(size, what, own);
    this.#free = this.#free.flatMap((range) => {
      if (range.begin !== found.begin) return [range];
      return found.end - found.begin > size ? [{ begin: found.begin + size, end: found.end }] : [];
    });
    this.#blocks.set(found.begin, size);
    return found.begin;
  }

  /** Throws a DeviceError if blocks of these sizes, in bytes, do not fit together. */
  check(blocks: readonly number[], what: string): void {
    const total = blocks.reduce((sum, bytes) => sum + sizeOf(bytes), 0);
    if (total > this.#room) throw this.#full(total, what, []);
  }

  free(address: number): void {
    const size = this.#blocks.get(address);
    if (size === undefined) throw new Error(`There is no block at ${address}.`);
    this.#blocks.delete(address);
    this.#give({ begin: address, end: address + size });
  }

  #grown(size: number, what: string, own: readonly number[]): Range {
    const last = this.#free.at(-1);
    const open = last?.end === this.#end ? last.begin : this.#end;
    const pages = Math.ceil((open + size - this.#end) / PAGE);
    if (this.#end + PAGE * pages > this.#limit) throw this.#full(size, what, own);
    try {
      this.memory.grow(pages);
    } catch (cause) {
      const given = this.memory.buffer.byteLength;
      throw new DeviceError(
        `${what} takes ${this.#sum(own) + size} bytes, and this machine gives WebAssembly no more than the ${given} that it has: ` +
          "use fewer rows.",
        { cause },
      );
    }
    const end = this.#end + PAGE * pages;
    this.#give({ begin: this.#end, end });
    this.#end = end;
    return { begin: open, end };
  }

  /** Bytes not in use, whether or not the memory has grown to them. */
  get #room(): number {
    return this.#limit - PAGE - this.live.bytes;
  }

  #sum(blocks: readonly number[]): number {
    return blocks.reduce((sum, address) => sum + (this.#blocks.get(address) ?? 0), 0);
  }

  #full(size: number, what: string, own: readonly number[]): DeviceError {
    const taken = this.#sum(own);
    const free = this.#room + taken;
    return new DeviceError(
      `${what} takes ${taken + size} bytes, and of the ${this.#limit} that WebAssembly has here ${free} are free: ` +
        "use fewer rows, bytes or f16 for features, or the webgpu engine.",
    );
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

/** Returns the size of the block that holds `bytes`, a multiple of the alignment. */
function sizeOf(bytes: number): number {
  return ALIGNMENT * Math.max(1, Math.ceil(bytes / ALIGNMENT));
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
