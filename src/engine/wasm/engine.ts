/** The CPU engine: the passes as SIMD kernels in WebAssembly, on all cores. */
import type { RuntimeClosedError } from "../../core/errors.js";
import type { Engine, EngineHost, EngineOptions } from "../engine.js";
import { WasmDescent } from "./descent.js";
import type { Heap } from "./heap.js";
import { WasmLogits } from "./logits-pass.js";
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
  /** The sessions of the engines that were opened. They are garbage where their training was abandoned. */
  #sessions: WeakRef<Session>[] = [];
  #closed: RuntimeClosedError | undefined;

  constructor({ kernels, idle = new IdleResources(), threads }: WasmOptions = {}) {
    this.#kernels = kernels && Promise.resolve(kernels);
    this.#idle = idle;
    this.#threads = threads;
  }

  /**
   * @throws {DeviceError} if WebAssembly has no SIMD or no atomics, may not be compiled, or gets no memory.
   */
  async open({ alone }: EngineOptions = {}): Promise<Engine> {
    const kernels = await (this.#kernels ??= compileKernels());
    const resources = this.#idle.take();
    const pool = await assemble(kernels, resources, { threads: this.#threads, alone });
    const session = new Session(pool, resources, this.#idle);
    if (this.#closed) {
      session.end(this.#closed);
      throw this.#closed;
    }
    this.#sessions = [...this.#sessions.filter((one) => one.deref()?.open), new WeakRef(session)];
    return engineOn(session, kernels);
  }

  close(error: RuntimeClosedError): void {
    this.#closed = error;
    for (const session of this.#sessions) session.deref()?.end(error);
    this.#idle.drop();
  }
}

/** The memory and the threads of one engine, until it closes. */
class Session {
  readonly pool: ThreadPool;
  readonly #resources: Resources;
  readonly #idle: IdleResources;
  #open = true;

  constructor(pool: ThreadPool, resources: Resources, idle: IdleResources) {
    this.pool = pool;
    this.#resources = resources;
    this.#idle = idle;
  }

  get heap(): Heap {
    return this.#resources.heap;
  }

  get open(): boolean {
    return this.#open;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.pool.close()) this.#idle.giveBack(this.#resources);
    else drop(this.#resources);
  }

  /** Ends the threads. What they do, and what is asked for later, fails with the error. */
  end(error: RuntimeClosedError): void {
    if (!this.#open) return;
    this.#open = false;
    this.pool.close(error);
    drop(this.#resources);
  }
}

function engineOn(session: Session, { relaxed, twelveSums }: WasmKernels): Engine {
  const { heap, pool } = session;
  const { threads, note } = pool;
  return {
    name: "wasm",
    adapter: `WebAssembly, ${relaxed ? "relaxed SIMD" : "SIMD"}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    ...(note !== undefined && { note }),
    async place(rows) {
      const placed = await placeOnHeap(heap, rows);
      const context = { heap, pool, twelveSums, rows, placed };
      return {
        descent: async (problem, weights) => new WasmDescent(context, problem, weights),
        objective: async (problem) => new WasmObjective(context, problem),
        logits: async (problem) => new WasmLogits(context, problem),
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close: () => session.close(),
  };
}
