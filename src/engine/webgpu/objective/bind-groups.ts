/** The bind groups of an objective's kernels, each created once. */
import type { Gpu } from "../device/device.js";
import { type Bindings, type Bound, type Compiled, bind } from "../kernels/pipelines.js";

export class BindGroups {
  readonly #gpu: Gpu;
  readonly #entryBytes: number;
  readonly #groups = new Map<Compiled, Map<string, Bound>>();
  /** Numbers of buffers, and of ranges of them, in the order of their first use. */
  readonly #numbers = new Map<GPUBuffer | GPUBufferBinding, number>();

  /** @param entryBytes - those of a uniform's entry */
  constructor(gpu: Gpu, entryBytes: number) {
    this.#gpu = gpu;
    this.#entryBytes = entryBytes;
  }

  /** Returns a kernel with these bindings. The same buffers and ranges, as objects, give the same group. */
  get(kernel: Compiled, bindings: Bindings): Bound {
    const groups = this.#groups.get(kernel) ?? new Map<string, Bound>();
    this.#groups.set(kernel, groups);
    const key = kernel.bindings.map(({ name }) => this.#numberOf(bindings[name])).join();
    const found = groups.get(key) ?? bind(this.#gpu, kernel, bindings, this.#entryBytes);
    groups.set(key, found);
    return found;
  }

  #numberOf(bound: GPUBuffer | GPUBufferBinding): number {
    const number = this.#numbers.get(bound) ?? this.#numbers.size;
    this.#numbers.set(bound, number);
    return number;
  }
}
