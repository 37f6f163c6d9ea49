/**
 * Yields to the event loop without a timer: browsers throttle the timers of a hidden tab to one a second,
 * and after a while to one a minute.
 */

/** How long computing may keep other tasks waiting. */
const YIELD_MS = 20;

// Taken once, so that a test's fake timers do not stop a training.
const setImmediate: ((task: () => void) => void) | undefined = Reflect.get(globalThis, "setImmediate");

let lastYield = 0;

/** Resolves after the tasks that are queued now, such as messages, input, rendering and network responses. */
export async function yieldToEventLoop(): Promise<void> {
  await new Promise<void>(queueTask);
  lastYield = performance.now();
}

/** Yields if this thread has not yielded for 20 ms. Long loops call it often. */
export async function yieldIfDue(): Promise<void> {
  if (performance.now() - lastYield >= YIELD_MS) await yieldToEventLoop();
}

function queueTask(task: () => void): void {
  if (setImmediate) setImmediate(task);
  else if (typeof MessageChannel === "function") postTask(task);
  else setTimeout(task); // jsdom has neither
}

function postTask(task: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener("message", () => {
    port1.close();
    task();
  });
  port1.start();
  port2.postMessage(undefined);
}
