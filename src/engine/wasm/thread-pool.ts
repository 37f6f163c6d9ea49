/**
 * Runs plans on the threads of an engine.
 *
 * Jobs start first in, first out: one that needs several threads waits until that many are idle, and none
 * overtakes it. Each thread has a queue of jobs that it was sent and has not answered. Inline jobs take less
 * time than a message, so the calling thread runs them itself, one after another; when several wait, other
 * threads take some.
 *
 * If a thread ends, for whatever reason, all present and later jobs fail: the other threads may be waiting
 * for it in a kernel.
 */
import { DeviceError, type SmighError } from "../../core/errors.js";
import { yieldIfDue, yieldToEventLoop } from "../../core/event-loop.js";
import type { WasmKernels } from "./module.js";
import { type Resources, takeThreads } from "./resources.js";
import { type Message, type Thread, cores } from "./thread.js";

export interface ThreadPool {
  readonly threads: number;
  /** True if the calling thread computes, and does nothing else meanwhile. */
  readonly blocking: boolean;
  /** Why the calling thread computes, if other threads should have started and did not. */
  readonly note?: string;
  /** Runs a plan on `threads` threads. The calling thread may run an `inline` plan for one thread itself. */
  run(plan: number, threads: number, inline: boolean): Promise<void>;
  /**
   * Fails all unfinished and later jobs, by default with an error that says that the engine is closed.
   * Returns whether the threads were idle; if not, they are ended.
   */
  close(error?: SmighError): boolean;
}

type Run = (plan: number, thread: number) => void;

const closed = () => new DeviceError("The wasm engine is closed.");

/** More threads do not help: a step is short, and waits for every thread. */
const MOST_THREADS = 16;
/**
 * Most single-thread jobs in a thread's queue: more than one, so that the next is there while the calling
 * thread computes.
 */
const QUEUE_DEPTH = 3;
/** Milliseconds after which a thread whose script does not load or answer counts as missing. */
const START_MS = 20_000;

/** A source of the threads' script. */
interface Script {
  readonly name: string;
  /** Its text, or undefined where the thread loads the file. */
  text(): Promise<string | undefined>;
}

/**
 * The file, which a bundle may lack and a page may not start from another origin, and its text, which a
 * policy may forbid.
 */
const SCRIPTS: readonly Script[] = [
  { name: "worker.js", text: () => Promise.resolve(undefined) },
  { name: "its text", text: async () => (await import("./worker-text.js")).text },
];

/** The one that started threads here, or the file. */
let [working] = SCRIPTS;

interface PoolOptions {
  /** Default one for each core, 16 at most. */
  readonly threads?: number | undefined;
  /** Whether to start none. */
  readonly alone?: boolean | undefined;
}

/**
 * Starts threads. The pool is the calling thread alone where that is asked for, or where others may not share
 * memory or cannot be started.
 */
export async function assemble(
  { module }: WasmKernels,
  resources: Resources,
  { threads = Math.min(MOST_THREADS, cores()), alone = false }: PoolOptions = {},
): Promise<ThreadPool> {
  const { memory } = resources.heap;
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  const run = exports["run"] as Run;
  if (alone || !mayShare()) return new CallingThread(run);
  const reasons: string[] = [];
  for (const script of new Set([working, ...SCRIPTS])) {
    let pool: ThreadTeam | undefined;
    try {
      pool = new ThreadTeam(run, takeThreads(resources, threads, await script.text()));
      await pool.start({ module, memory });
      working = script;
      return pool;
    } catch (error) {
      pool?.close();
      reasons.push(`from ${script.name}: ${reasonOf(error)}`);
      if (pool?.isLate) break; // the script is not what is missing
    }
  }
  return new CallingThread(run, `threads cannot be started ${reasons.join(", nor ")}`);
}

/** Threads may share memory in Node, and in a page that is cross-origin isolated (COOP and COEP). */
function mayShare(): boolean {
  return "crossOriginIsolated" in globalThis ? globalThis.crossOriginIsolated : true;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stopped(why: string, options?: ErrorOptions): DeviceError {
  return new DeviceError(`A thread of the wasm engine stopped: ${why}`, options);
}

class CallingThread implements ThreadPool {
  readonly threads = 1;
  readonly blocking = true;
  readonly note?: string;
  readonly #run: Run;
  #failure: SmighError | undefined;

  constructor(run: Run, note?: string) {
    this.#run = run;
    if (note !== undefined) this.note = note;
  }

  async run(plan: number): Promise<void> {
    if (this.#failure) throw this.#failure;
    try {
      this.#run(plan, 0);
    } catch (cause) {
      throw stopped(String(cause), { cause });
    }
    await yieldToEventLoop();
  }

  close(error: SmighError = closed()): boolean {
    this.#failure ??= error;
    return true;
  }
}

/** Work that `threads` threads do together, and the callbacks of its caller. */
interface Job {
  readonly threads: number;
  readonly message: (thread: number) => Message;
  readonly done: () => void;
  readonly fail: (error: SmighError) => void;
  /** Number of threads that have not answered. */
  left: number;
}

class ThreadTeam implements ThreadPool {
  readonly blocking = false;
  readonly threads: number;
  readonly #run: Run;
  /** Each thread's queue, oldest job first. */
  readonly #queues = new Map<Thread, Job[]>();
  readonly #waiting: Job[] = [];
  readonly #inline: (Job & { readonly plan: number })[] = [];
  #runningInline = false;
  #isLate = false;
  #failure: SmighError | undefined;

  constructor(run: Run, threads: readonly Thread[]) {
    this.threads = threads.length;
    this.#run = run;
    for (const thread of threads) {
      const queue: Job[] = [];
      this.#queues.set(thread, queue);
      thread.onAnswer = ({ error }) => this.#answered(queue, error);
      thread.onEnd = (why) => this.#fail(stopped(why));
    }
  }

  /** Sends the kernels and the memory to all threads and waits until they have them. */
  async start(message: Message): Promise<void> {
    const { threads } = this;
    const timer = setTimeout(() => void this.#startedLate(), START_MS);
    try {
      await new Promise<void>((done, fail) => {
        this.#waiting.push({ threads, message: () => message, done, fail, left: threads });
        this.#assign();
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Fails if threads are missing. Takes the answers first that arrived while the calling thread was busy. */
  async #startedLate(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await yieldToEventLoop();
    const missing = [...this.#queues.values()].filter((queue) => queue.length > 0).length;
    if (missing === 0) return;
    this.#isLate = true;
    this.#fail(stopped(`${missing} of ${this.threads} do not start in ${START_MS / 1000} s`));
  }

  /** True once threads were given up because they gave no answer. */
  get isLate(): boolean {
    return this.#isLate;
  }

  run(plan: number, threads: number, inline: boolean): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((done, fail) => {
      const message = (thread: number) => ({ plan, thread });
      const job = { threads, message, done, fail, left: threads, plan };
      if (inline && threads === 1) {
        this.#inline.push(job);
        void this.#runInline();
      } else {
        this.#waiting.push(job);
        this.#assign();
      }
    });
  }

  /** Runs inline jobs one by one, once this turn's calls are all queued. Other threads take theirs first. */
  async #runInline(): Promise<void> {
    if (this.#runningInline) return;
    this.#runningInline = true;
    for (await this.#pause(); this.#inline.length > 0; await this.#pause()) {
      this.#assign();
      const [job] = this.#inline;
      try {
        this.#run(job.plan, 0);
      } catch (cause) {
        this.#fail(stopped(String(cause), { cause }));
        break;
      }
      this.#inline.shift();
      job.done();
    }
    this.#runningInline = false;
  }

  /**
   * Lets callers go on. Lets the event loop go on too where answers of other threads may wait there, or
   * something else has for long: a turn of it costs more than many a job, and in a hidden tab more yet.
   */
  async #pause(): Promise<void> {
    const busy = [...this.#queues.values()].some((queue) => queue.length > 0);
    await (busy ? yieldToEventLoop() : yieldIfDue());
  }

  /** Sends jobs to threads that have room in their queues. */
  #assign(): void {
    const all = [...this.#queues];
    while (this.#waiting.length > 0 && trySend(this.#waiting[0], all)) this.#waiting.shift();
    if (this.#waiting.length > 0) return;
    const others = all.slice(1); // one core is the calling thread's
    while (this.#inline.length > 1 && trySend(this.#inline[0], others)) this.#inline.shift();
  }

  #answered(queue: Job[], error: string | undefined): void {
    if (error !== undefined) return this.#fail(stopped(error));
    const job = queue.shift();
    if (job && --job.left === 0) job.done();
    this.#assign();
  }

  #fail(failure: SmighError): void {
    this.#failure ??= failure;
    const sent = [...this.#queues.values()].flat();
    for (const thread of this.#queues.keys()) thread.end();
    this.#release();
    for (const { fail } of new Set([...sent, ...this.#waiting.splice(0), ...this.#inline.splice(0)]))
      fail(this.#failure);
  }

  /** Lets go of the threads without ending them. */
  #release(): void {
    for (const thread of this.#queues.keys()) thread.onAnswer = thread.onEnd = () => {};
    this.#queues.clear();
  }

  close(error: SmighError = closed()): boolean {
    const idle = !this.#failure && [...this.#queues.values()].every((queue) => queue.length === 0);
    if (idle) this.#release();
    this.#fail(error);
    return idle;
  }
}

/** Sends the job to the threads with the shortest queues. Returns false, unsent, if too few have room. */
function trySend(job: Job, queues: readonly (readonly [Thread, Job[]])[]): boolean {
  const room = job.threads === 1 ? QUEUE_DEPTH : 1;
  const free = queues
    .filter(([, queue]) => queue.length < room)
    .sort(([, a], [, b]) => a.length - b.length)
    .slice(0, job.threads);
  if (free.length < job.threads) return false;
  free.forEach(([thread, queue], n) => {
    queue.push(job);
    thread.send(job.message(n));
  });
  return true;
}
