/** The CPU engine: the passes as SIMD kernels in WebAssembly, on all cores. */
import type { RuntimeClosedError } from "../../core/errors.js";
import type { Rows } from "../../core/rows.js";
import type { Engine, EngineHost, Placement } from "../engine.js";
import { WasmDescent } from "./descent.js";
import { type WasmKernels, compileKernels } from "./module.js";
import { WasmObjective } from "./objective.js";
import { placeOnHeap } from "./placement.js";
import { IdleResources, type Resources, drop } from "./resources.js";
import { type ThreadPool, assemble } from "./thread-pool.js";

export interface WasmOptions {
  /** Kernels. Default: those compiled for this machine. */
  readonly kernels?: WasmKernels;
  /** Where engines take memory and threads from, and give them back to. */
  readonly idle?: IdleResources;
  /**
   * Number of threads. Default one for each core, 16 at most. Where threads may not share memory or do not
   * start, the calling thread computes alone.
   */
  readonly threads?: number;
}

/** Opens wasm engines, and owns their kernels, threads and memory. */
export class WasmHost implements EngineHost {
  readonly #idle: IdleResources;
  readonly #threads: number | undefined;
  #kernels: Promise<WasmKernels> | undefined;
  /** The engines that were opened. They are garbage where their training was abandoned. */
  #opened: WeakRef<WasmEngine>[] = [];
  #closed: RuntimeClosedError | undefined;

  constructor({ kernels, idle = new IdleResources(), threads }: WasmOptions = {}) {
    this.#kernels = kernels && Promise.resolve(kernels);
    this.#idle = idle;
    this.#threads = threads;
  }

  /**
   * @throws {DeviceError} if WebAssembly has no SIMD or no atomics, may not be compiled, or gets no memory.
   */
  async open(): Promise<Engine> {
    const kernels = await (this.#kernels ??= compileKernels());
    const resources = this.#idle.take();
    const pool = await assemble(kernels, resources, this.#threads);
    const engine = new WasmEngine({ kernels, resources, pool, idle: this.#idle });
    if (this.#closed) {
      engine.end(this.#closed);
      throw this.#closed;
    }
    this.#opened = [...this.#opened.filter((one) => one.deref()?.open), new WeakRef(engine)];
    return engine;
  }

  close(error: RuntimeClosedError): void {
    this.#closed = error;
    for (const engine of this.#opened) engine.deref()?.end(error);
    this.#idle.drop();
  }
}

/** What an engine computes with, and where it gives that back. */
interface WasmParts {
  readonly kernels: WasmKernels;
  readonly resources: Resources;
  readonly pool: ThreadPool;
  readonly idle: IdleResources;
}

class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly adapter: string;
  readonly note?: string;
  readonly #parts: WasmParts;
  #open = true;

  constructor(parts: WasmParts) {
    const { relaxed } = parts.kernels;
    const { threads, note } = parts.pool;
    this.#parts = parts;
    this.adapter = `WebAssembly, ${relaxed ? "relaxed SIMD" : "SIMD"}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
    if (note !== undefined) this.note = note;
  }

  get open(): boolean {
    return this.#open;
  }

  async place(rows: Rows): Promise<Placement> {
    const { resources, pool } = this.#parts;
    const { heap } = resources;
    const placed = await placeOnHeap(heap, rows);
    return {
      descent: async (problem, weights) => new WasmDescent(heap, pool, rows, placed, problem, weights),
      objective: async (problem) => new WasmObjective(heap, pool, rows, placed, problem),
      weigh: (weights) => placed.weigh(weights),
      release: () => placed.release(),
    };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { resources, pool, idle } = this.#parts;
    if (pool.close()) idle.giveBack(resources);
    else drop(resources);
  }

  /** Ends the threads. What they do, and what is asked for later, fails with the error. */
  end(error: RuntimeClosedError): void {
    if (!this.#open) return;
    this.#open = false;
    const { resources, pool } = this.#parts;
    pool.close(error);
    drop(resources);
  }
}
