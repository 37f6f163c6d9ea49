/** Threads that run plans, some together. */
import { DeviceError } from "../../errors.js";
import type { Kernels } from "./module.js";
import { type Message, type Thread, cores, restThread, takeThread } from "./thread.js";

export interface Team {
  readonly threads: number;
  /** The thread that asks is the one that computes: nothing else happens in it meanwhile. */
  readonly blocking: boolean;
  /**
   * The plan, by so many threads that have nothing else to do. Whoever asks first has them first. What is brief and for one
   * thread may be done by this one, for a message takes as long: nothing else happens in it meanwhile.
   */
  run(plan: number, threads: number, brief: boolean): Promise<void>;
  /** Whether no thread was at work any more. */
  close(): boolean;
}

type Run = (plan: number, thread: number) => void;

const CLOSED = "The wasm engine is closed.";

/** The most that help: a step is short, and every thread must be waited for. */
const MOST_THREADS = 16;
/** Plans for one thread that it may have been sent, so that it has the next at hand while the one that asks computes. */
const AT_HAND = 3;

/** A thread for each core, where threads may share memory; otherwise this one. */
export async function assemble(
  { module }: Kernels,
  memory: WebAssembly.Memory,
  threads?: number,
): Promise<Team> {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const here = exports["run"] as Run;
  if (!mayShare()) return alone(here);
  const team = new Workers(here, threads ?? Math.min(MOST_THREADS, cores()));
  await team.start({ module, memory });
  return team;
}

/** A page may when it is isolated from others' (COOP and COEP); Node always may. */
function mayShare(): boolean {
  return "crossOriginIsolated" in globalThis ? globalThis.crossOriginIsolated : true;
}

function alone(here: Run): Team {
  let closed = false;
  return {
    threads: 1,
    blocking: true,
    async run(plan) {
      if (closed) throw new DeviceError(CLOSED);
      try {
        here(plan, 0);
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

const setImmediate: ((turn: () => void) => void) | undefined = Reflect.get(globalThis, "setImmediate");

/** Everything else gets a turn. A timer would be four times as long as it says when it is set again and again. */
function breath(): Promise<void> {
  if (setImmediate) return new Promise(setImmediate);
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
  readonly message: (thread: number) => Message;
  readonly done: () => void;
  readonly fail: (error: DeviceError) => void;
  /** Threads that have not answered. */
  left: number;
}

class Workers implements Team {
  readonly blocking = false;
  readonly threads: number;
  readonly #here: Run;
  /** Every thread, and what it was sent and has not answered, in order. */
  readonly #lines: Map<Thread, Job[]>;
  readonly #waiting: Job[] = [];
  readonly #brief: (Job & { readonly plan: number })[] = [];
  #helping = false;
  #failure: DeviceError | undefined;

  constructor(here: Run, threads: number) {
    this.threads = threads;
    this.#here = here;
    this.#lines = new Map(
      Array.from({ length: threads }, () => {
        const line: Job[] = [];
        return [takeThread(({ error }) => this.#answered(line, error)), line];
      }),
    );
  }

  /** Waits until all threads are there. */
  start(message: Message): Promise<void> {
    const { threads } = this;
    return new Promise((done, fail) => {
      this.#waiting.push({ threads, message: () => message, done, fail, left: threads });
      this.#deal();
    });
  }

  run(plan: number, threads: number, brief: boolean): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((done, fail) => {
      const message = (thread: number) => ({ plan, thread });
      const job = { threads, message, done, fail, left: threads, plan };
      if (brief && threads === 1) {
        this.#brief.push(job);
        void this.#help();
      } else {
        this.#waiting.push(job);
        this.#deal();
      }
    });
  }

  /** Does what is brief one by one, when all who ask at this time have asked. Others are first sent what they have room for. */
  async #help(): Promise<void> {
    if (this.#helping) return;
    this.#helping = true;
    for (await breath(); this.#brief.length > 0; await breath()) {
      this.#deal();
      const [job] = this.#brief;
      try {
        this.#here(job.plan, 0);
      } catch (cause) {
        this.#failed(stopped(String(cause), { cause }));
        break;
      }
      this.#brief.shift();
      job.done();
    }
    this.#helping = false;
  }

  /** In order: one that waits for more threads than are idle is not overtaken. */
  #deal(): void {
    const all = [...this.#lines];
    for (let [job] = this.#waiting; job && told(job, all); [job] = this.#waiting) this.#waiting.shift();
    if (this.#waiting.length > 0) return;
    const others = all.slice(1); // of as many as there are cores, for this thread helps
    while (this.#brief.length > 1 && told(this.#brief[0], others)) this.#brief.shift();
  }

  #answered(line: Job[], error: string | undefined): void {
    if (error !== undefined) return this.#failed(stopped(error));
    const [job] = line.splice(0, 1);
    if (--job.left === 0) job.done();
    this.#deal();
  }

  /** The others may wait in a kernel for one that will not come. */
  #failed(failure: DeviceError): void {
    this.#failure = failure;
    const sent = [...this.#lines.values()].flat();
    for (const thread of this.#lines.keys()) {
      thread.answered = () => {};
      thread.end();
    }
    this.#lines.clear();
    for (const { fail } of new Set([...sent, ...this.#waiting.splice(0), ...this.#brief.splice(0)]))
      fail(failure);
  }

  close(): boolean {
    const idle = !this.#failure && [...this.#lines.values()].every((line) => line.length === 0);
    if (idle) {
      for (const thread of this.#lines.keys()) restThread(thread);
      this.#lines.clear();
    }
    this.#failed(this.#failure ?? new DeviceError(CLOSED));
    return idle;
  }
}

/** Whether as many threads as the job wants had room, and were told of it. */
function told(job: Job, lines: readonly (readonly [Thread, Job[]])[]): boolean {
  const room = job.threads === 1 ? AT_HAND : 1;
  const free = lines
    .filter(([, line]) => line.length < room)
    .sort(([, a], [, b]) => a.length - b.length)
    .slice(0, job.threads);
  if (free.length < job.threads) return false;
  free.forEach(([thread, line], n) => {
    line.push(job);
    thread.send(job.message(n));
  });
  return true;
}
