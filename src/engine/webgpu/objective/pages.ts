/** Places an objective's vectors in few buffers, its pages, so that one dispatch can use many of them. */
import type { Gpu } from "../device/device.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Most bytes of a page, but one vector always fits, and most vectors. */
const PAGE_BYTES = 2 ** 26;
const PAGE_VECTORS = 64;
/** The largest alignment of a binding's offset that an implementation may require. */
const ALIGNMENT = 256;

/** Where a vector is. */
export interface Place {
  readonly page: GPUBuffer;
  /** The number of vectors of four before it in the page. */
  readonly first: number;
  /** The range of the page that it takes. */
  readonly binding: GPUBufferBinding;
}

export class Pages {
  readonly #gpu: Gpu;
  /** What the vectors are of, for error messages. */
  readonly #label: string;
  /** Bytes of a vector, and from one to the next. */
  readonly #bytes: number;
  readonly #stride: number;
  readonly #places: Place[] = [];
  readonly #vectorsPerPage: number;

  /** @param bytes - those of a vector, a multiple of 16 */
  constructor(gpu: Gpu, label: string, bytes: number) {
    this.#gpu = gpu;
    this.#label = label;
    this.#bytes = bytes;
    this.#stride = ALIGNMENT * Math.ceil(bytes / ALIGNMENT);
    const most = Math.min(PAGE_BYTES, gpu.capacity.bindingBytes);
    this.#vectorsPerPage = Math.min(PAGE_VECTORS, 1 + Math.max(0, Math.floor((most - bytes) / this.#stride)));
  }

  /** Adds a vector of zeros and returns its number. */
  add(): number {
    const number = this.#places.length;
    const inPage = number % this.#vectorsPerPage;
    const page = inPage === 0 ? this.#page() : this.#places[number - 1].page;
    const offset = inPage * this.#stride;
    const binding = { buffer: page, offset, size: this.#bytes };
    return this.#places.push({ page, first: offset / 16, binding }) - 1;
  }

  get(number: number): Place {
    return this.#places[number];
  }

  #page(): GPUBuffer {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const count = this.#vectorsPerPage;
    const size = (count - 1) * this.#stride + this.#bytes;
    const what = count === 1 ? "a vector" : `${count} vectors`;
    return this.#gpu.buffer(`${what} ${this.#label}`, size, STORAGE | COPY_SRC | COPY_DST);
  }
}
