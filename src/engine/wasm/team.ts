/** Threads that run a plan together. */
import { DeviceError } from "../../errors.js";
import type { Kernels } from "./module.js";
import { type Answer, type Message, type Thread, cores, restThread, takeThread } from "./thread.js";

export interface Team {
  readonly threads: number;
  /** The thread that asks is the one that computes: nothing else happens in it meanwhile. */
  readonly blocking: boolean;
  /** The plan, by its first so many threads. */
  run(plan: number, threads: number): Promise<void>;
  /** Whether no thread was at work any more. */
  close(): boolean;
}

type Run = (plan: number, thread: number) => void;

const CLOSED = "The wasm engine is closed.";

/** The most that help: a step is short, and every thread must be waited for. */
const MOST_THREADS = 16;

/** A thread for each core, where threads may share memory; otherwise this one. */
export function assemble(kernels: Kernels, memory: WebAssembly.Memory, threads?: number): Promise<Team> {
  if (!mayShare()) return alone(kernels, memory);
  return Workers.start(kernels, memory, threads ?? Math.min(MOST_THREADS, cores()));
}

/** A page may when it is isolated from others' (COOP and COEP); Node always may. */
function mayShare(): boolean {
  return "crossOriginIsolated" in globalThis ? globalThis.crossOriginIsolated : true;
}

async function alone({ module }: Kernels, memory: WebAssembly.Memory): Promise<Team> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const run = exports["run"] as Run;
  let closed = false;
  return {
    threads: 1,
    blocking: true,
    async run(plan) {
      if (closed) throw new DeviceError(CLOSED);
      try {
        run(plan, 0);
      } catch (cause) {
        throw stopped(String(cause), { cause });
      }
      await breath();
    },
    close() {
      closed = true;
      return true;
    },
  };
}

/** Everything else gets a turn. A timer would be four times as long as it says when it is set again and again. */
function breath(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(undefined);
  });
}

function stopped(why: string, options?: ErrorOptions): DeviceError {
  return new DeviceError(`A thread of the wasm engine stopped: ${why}`, options);
}

class Workers implements Team {
  readonly blocking = false;
  readonly threads: number;
  readonly #threads: Thread[];
  #last: Promise<void> = Promise.resolve();
  /** Of the message that the threads have now: those that have not answered, and who waits for them. */
  #busy = 0;
  #done: () => void = () => {};
  #fail: (error: DeviceError) => void = () => {};
  #failure: DeviceError | undefined;

  private constructor(threads: number) {
    this.threads = threads;
    this.#threads = Array.from({ length: threads }, () => takeThread((answer) => this.#answered(answer)));
  }

  static async start({ module }: Kernels, memory: WebAssembly.Memory, threads: number): Promise<Workers> {
    const team = new Workers(threads);
    await team.#tell(threads, () => ({ module, memory }));
    return team;
  }

  /** After those that were asked for before. */
  run(plan: number, threads: number): Promise<void> {
    const turn = this.#last.then(() => this.#tell(threads, (thread) => ({ plan, thread })));
    this.#last = turn.catch(() => {}); // heard by whoever asked
    return turn;
  }

  /** Tells the first threads something and waits until all of them have answered. */
  #tell(threads: number, message: (thread: number) => Message): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#busy = threads;
      [this.#done, this.#fail] = [resolve, reject];
      this.#threads.slice(0, threads).forEach((thread, n) => thread.send(message(n)));
    });
  }

  #answered({ error }: Answer): void {
    if (error === undefined) {
      if (--this.#busy === 0) this.#done();
      return;
    }
    this.#failure = stopped(error);
    this.#end(); // the others wait in a kernel for one that will not come
    this.#fail(this.#failure);
  }

  close(): boolean {
    const idle = this.#busy === 0 && !this.#failure;
    this.#failure ??= new DeviceError(CLOSED);
    if (idle) for (const thread of this.#threads.splice(0)) restThread(thread);
    this.#end();
    this.#fail(this.#failure);
    return idle;
  }

  #end(): void {
    for (const thread of this.#threads.splice(0)) thread.end();
  }
}
