/** A thread of the engine, in a browser or in Node. */

export interface Thread {
  /** Who hears its answers: one to each message. */
  answered: (answer: Answer) => void;
  send(message: Message): void;
  end(): void;
}

export type Message =
  | { readonly module: WebAssembly.Module; readonly memory: WebAssembly.Memory }
  | { readonly plan: number; readonly thread: number }
  /** It lets go of the memory. Not answered. */
  | { readonly rest: true };

export interface Answer {
  /** Why it failed, if it did. */
  readonly error?: string;
}

/** What is used of Node, where there is Node. */
interface NodeProcess {
  getBuiltinModule?(name: "node:worker_threads"): { readonly Worker: new (url: URL) => NodeWorker };
  getBuiltinModule?(name: "node:os"): { availableParallelism(): number };
}

interface NodeWorker {
  on(event: "message", listener: (answer: Answer) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  postMessage(message: Message): void;
  terminate(): void;
  ref(): void;
  unref(): void;
}

const process: NodeProcess | undefined = Reflect.get(globalThis, "process");

/** Threads that can run at once. */
export function cores(): number {
  return process?.getBuiltinModule?.("node:os").availableParallelism() ?? navigator.hardwareConcurrency;
}

/** Threads that wait for the next engine: another would take time to start, and a page may have no network by then. */
const resting: Thread[] = [];

/** A thread that has rested, or a new one that runs `worker.js`. */
export function takeThread(answered: Thread["answered"]): Thread {
  const thread = resting.pop() ?? startThread();
  thread.answered = answered;
  return thread;
}

/** Gives back a thread that has nothing to do. */
export function restThread(thread: Thread): void {
  thread.answered = () => {};
  thread.send({ rest: true });
  resting.push(thread);
}

function startThread(): Thread {
  if (typeof Worker === "function") {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const thread: Thread = {
      answered() {},
      send: (message) => worker.postMessage(message),
      end: () => worker.terminate(),
    };
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => thread.answered(data));
    worker.addEventListener("error", ({ message }) =>
      thread.answered({ error: message || "its script cannot be loaded" }),
    );
    return thread;
  }
  const threads = process?.getBuiltinModule?.("node:worker_threads");
  if (!threads) throw new Error("This JavaScript has no workers.");
  const worker = new threads.Worker(new URL("./worker.js", import.meta.url));
  const thread: Thread = {
    answered() {},
    send(message) {
      if ("rest" in message) worker.unref(); // what waits for it keeps the process; nobody does now
      else worker.ref();
      worker.postMessage(message);
    },
    end: () => worker.terminate(),
  };
  worker.on("message", (answer) => thread.answered(answer));
  worker.on("error", (error) => thread.answered({ error: String(error) }));
  return thread;
}
