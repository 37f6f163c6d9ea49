/** Threads that run a plan together. */
import { DeviceError } from "../../errors.js";
import type { Kernels } from "./module.js";
import { type Message, type Thread, cores, restThread, takeThread } from "./thread.js";

export interface Team {
  readonly threads: number;
  /** The thread that asks is the one that computes: nothing else happens in it meanwhile. */
  readonly blocking: boolean;
  /** The plan, by so many threads that have nothing else to do. Whoever asks first has them first. */
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

/** Something for so many threads to do together, and who waits for it. */
interface Job {
  readonly threads: number;
  readonly plan: number;
  readonly done: () => void;
  readonly fail: (error: DeviceError) => void;
}

class Workers implements Team {
  readonly blocking = false;
  readonly threads: number;
  readonly #threads: Thread[];
  readonly #idle: Thread[];
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  #failure: DeviceError | undefined;

  private constructor(threads: number) {
    this.threads = threads;
    this.#threads = Array.from({ length: threads }, () => takeThread(() => {}));
    this.#idle = this.#threads.slice();
  }

  static async start({ module }: Kernels, memory: WebAssembly.Memory, threads: number): Promise<Workers> {
    const team = new Workers(threads);
    await new Promise<void>((done, fail) => {
      team.#begin([{ threads, plan: 0, done, fail }], () => ({ module, memory }));
    });
    return team;
  }

  run(plan: number, threads: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((done, fail) => {
      this.#waiting.push({ threads, plan, done, fail });
      this.#deal();
    });
  }

  /** In order: one that waits for more threads than are idle is not overtaken. */
  #deal(): void {
    for (let [job] = this.#waiting; job && job.threads <= this.#idle.length; [job] = this.#waiting) {
      const jobs = this.#waiting.splice(0, this.#alike());
      const plans = jobs.map(({ plan }) => plan);
      this.#begin(jobs, (thread) => ({ plans, thread }));
    }
  }

  /** How many go in one message: of those for one thread that wait in a row its share, for a message takes longer than many plans. */
  #alike(): number {
    const other = this.#waiting.findIndex(({ threads }) => threads > 1);
    return Math.max(1, Math.ceil((other < 0 ? this.#waiting.length : other) / this.threads));
  }

  /** Tells as many idle threads as the jobs want something, and waits until all of them have answered. */
  #begin(jobs: readonly Job[], message: (thread: number) => Message): void {
    for (const job of jobs) this.#running.add(job);
    let left = jobs[0].threads;
    this.#idle.splice(0, left).forEach((thread, n) => {
      thread.answered = ({ error }) => {
        if (error !== undefined) return this.#failed(stopped(error));
        this.#idle.push(thread);
        if (--left > 0) return;
        for (const job of jobs) {
          this.#running.delete(job);
          job.done();
        }
        this.#deal();
      };
      thread.send(message(n));
    });
  }

  /** The others may wait in a kernel for one that will not come. */
  #failed(failure: DeviceError): void {
    this.#failure = failure;
    for (const thread of this.#threads.splice(0)) thread.end();
    const asking = [...this.#running, ...this.#waiting.splice(0)];
    this.#running.clear();
    for (const { fail } of asking) fail(failure);
  }

  close(): boolean {
    const idle = this.#running.size === 0 && !this.#failure;
    if (idle) for (const thread of this.#threads.splice(0)) restThread(thread);
    this.#failed(this.#failure ?? new DeviceError(CLOSED));
    return idle;
  }
}
