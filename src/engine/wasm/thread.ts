/** Starts and talks to a thread of the engine: a worker of Node, or a Web Worker. */

export type Message =
  | { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }
  | { readonly plan: number; readonly thread: number };

export interface ThreadAnswer {
  /** Why it failed, if it did. */
  readonly error?: string;
}

/** The differences between Node and a page. */
interface Host {
  post(message: Message): void;
  terminate(): void;
  /** Sets whether the process waits for the thread before it ends. */
  keepAlive(keep: boolean): void;
}

/** Receives what a host reports. */
interface Listener {
  answered(answer: ThreadAnswer): void;
  /** Called at least once when the thread ends. */
  ended(why: string): void;
}

interface NodeWorker {
  on(event: "message", listener: (answer: ThreadAnswer) => void): void;
  on(event: "error" | "messageerror", listener: (error: unknown) => void): void;
  on(event: "exit", listener: (code: number) => void): void;
  postMessage(message: Message): void;
  terminate(): void;
  ref(): void;
  unref(): void;
}

interface WorkerThreads {
  readonly Worker: new (
    script: URL | string,
    options: { readonly execArgv: readonly string[]; readonly eval: boolean },
  ) => NodeWorker;
}

interface NodeProcess {
  getBuiltinModule?(name: "node:worker_threads"): WorkerThreads;
  getBuiltinModule?(name: "node:os"): { availableParallelism(): number };
}

const process: NodeProcess | undefined = Reflect.get(globalThis, "process");

/** Returns how many threads can run at once, or 1 where the platform does not say. */
export function cores(): number {
  const { navigator }: { readonly navigator?: Partial<Navigator> } = globalThis;
  return process?.getBuiltinModule?.("node:os").availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
}

/** Runs `worker.js`, or its text. Lets the process end while no message waits for its answer. */
export class Thread {
  /** Called with the answer to each message, in order. */
  onAnswer: (answer: ThreadAnswer) => void = () => {};
  /** Called with the reason when the thread ends, unless `end` was called. */
  onEnd: (why: string) => void = () => {};
  readonly #host: Host;
  #unanswered = 0;
  #ended = false;

  /**
   * Throws the host's error if it cannot start a worker.
   *
   * @param text - that of `worker.js`. Default: the file beside this module.
   */
  constructor(text?: string) {
    this.#host = startHost(text, {
      answered: (answer) => {
        if (--this.#unanswered === 0) this.#host.keepAlive(false);
        this.onAnswer(answer);
      },
      ended: (why) => {
        if (this.#ended) return;
        this.end();
        this.onEnd(why);
      },
    });
    this.#host.keepAlive(false);
  }

  get ended(): boolean {
    return this.#ended;
  }

  send(message: Message): void {
    if (this.#unanswered++ === 0) this.#host.keepAlive(true);
    this.#host.post(message);
  }

  end(): void {
    this.#ended = true;
    this.#host.terminate();
  }
}

/**
 * Starts a worker of Node, or a Web Worker where that fails or there is none. Deno and Bun have both kinds,
 * but end by themselves only with Node's. Electron's pages have both, but start only Web Workers.
 */
function startHost(text: string | undefined, listener: Listener): Host {
  const threads = process?.getBuiltinModule?.("node:worker_threads");
  if (!threads) return startWebWorker(text, listener);
  try {
    return startNodeWorker(threads, text, listener);
  } catch (error) {
    if (typeof Worker === "undefined") throw error;
    return startWebWorker(text, listener);
  }
}

function startNodeWorker(
  { Worker }: WorkerThreads,
  text: string | undefined,
  { answered, ended }: Listener,
): Host {
  // Without the flags of the process: some, such as --input-type, are wrong for a file.
  const options = { execArgv: [], eval: text !== undefined };
  const worker = new Worker(text ?? new URL("./worker.js", import.meta.url), options);
  worker.on("message", answered);
  worker.on("error", (error) => ended(String(error)));
  worker.on("messageerror", (error) => ended(String(error)));
  worker.on("exit", (code) => ended(`it exited with code ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    terminate: () => worker.terminate(),
    keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
  };
}

/**
 * Starts a Web Worker that holds a lock. When it ends it reports nothing, but this thread, next in line, is
 * given the lock.
 */
function startWebWorker(text: string | undefined, { answered, ended }: Listener): Host {
  const worker =
    text === undefined
      ? new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
      : new Worker(addressOf(text), { type: "module" });
  const { locks } = navigator;
  const lock = locks && `smigh-thread-${crypto.randomUUID()}`;
  if (lock) worker.postMessage({ lock });
  worker.addEventListener("message", ({ data }: MessageEvent<ThreadAnswer | { readonly locked: true }>) => {
    if ("locked" in data) locks.request(lock, () => ended("it ended")).catch(() => {});
    else answered(data);
  });
  worker.addEventListener("error", ({ message }) => ended(message || "its script cannot be loaded"));
  worker.addEventListener("messageerror", () => ended("its answer cannot be read"));
  return {
    post: (message) => worker.postMessage(message),
    terminate: () => worker.terminate(),
    keepAlive() {},
  };
}

let address: string | undefined;

/** Returns the address of the text, which lives as long as the page. */
function addressOf(text: string): string {
  return (address ??= URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
}
