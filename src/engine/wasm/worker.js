// @ts-check
/** A thread of the engine, in a browser and in Node: JavaScript as it is, so that both can start it from the source. */

/** @type {Pick<Worker, "postMessage" | "addEventListener">} */
const host = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;

/** @type {((plan: number, thread: number) => void) | undefined} */
let run;

host.addEventListener("message", async ({ data }) => {
  if ("lock" in data) return holdLock(data.lock);
  try {
    if ("module" in data) {
      const { exports } = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } });
      run = /** @type {typeof run} */ (exports.run);
    } else if (run) {
      run(data.plan, data.thread);
    } else {
      throw new Error("it has no kernels");
    }
    host.postMessage({});
  } catch (error) {
    host.postMessage({ error: String(error) });
  }
});

/**
 * Holds the lock until this thread ends.
 * @param {string} name
 */
function holdLock(name) {
  const held = () => {
    host.postMessage({ locked: true });
    return new Promise(() => {});
  };
  navigator.locks.request(name, held).catch(() => {}); // where locks are refused the thread works without
}
