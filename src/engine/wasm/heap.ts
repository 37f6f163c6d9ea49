/** Memory that kernels compute in: blocks of it are allocated and freed by address. */
import { DeviceError } from "../../core/errors.js";

const PAGE = 2 ** 16;
/** All that wasm32 addresses; where a machine does not even reserve so much, a half, or a quarter. */
const MOST_PAGES = [2 ** 16, 2 ** 15, 2 ** 14];
/** Blocks begin at multiples of this: no two share a line of the cache. */
const ALIGNMENT = 64;

interface Range {
  readonly begin: number;
  readonly end: number;
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

  /**
   * The address of so many bytes, which hold anything.
   * @param what the training or the rows that it is a part of, for the error.
   * @param own addresses of the blocks that those have already.
   * @throws {DeviceError} where there are not so many.
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

  /** Throws a DeviceError where there is no room for all these blocks. */
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

  /** Bytes that are not in use, grown or not. */
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

/** Bytes of the block for so many. */
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
