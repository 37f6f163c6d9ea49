// @ts-check
/** A thread of the engine, in a browser and in Node: JavaScript as it is, so that both can start it from the source. */

/** @type {Pick<Worker, "postMessage" | "addEventListener">} */
const host = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;

/** @type {((plan: number, thread: number) => void) | undefined} */
let run;

host.addEventListener("message", async ({ data }) => {
  if ("rest" in data) {
    run = undefined;
    return;
  }
  try {
    if ("module" in data) {
      const { exports } = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } });
      run = /** @type {typeof run} */ (exports.run);
    } else {
      run?.(data.plan, data.thread);
    }
    host.postMessage({});
  } catch (error) {
    host.postMessage({ error: String(error) });
  }
});
