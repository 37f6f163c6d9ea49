/**
 * Keeps the memory of an engine, and the threads that have it, for the next engine: threads take time to
 * start, and by then a page may have no network.
 *
 * Memory never shrinks, and a thread keeps it alive until it collects its garbage, which an idle thread never
 * does. So threads stay with their memory, and end when it is dropped.
 */
import { yieldToEventLoop } from "../../core/event-loop.js";
import { Heap } from "./heap.js";
import { Thread } from "./thread.js";

export interface Resources {
  readonly heap: Heap;
  /** All threads that have the memory, idle or busy. */
  readonly threads: Thread[];
}

/** Limits on what is kept: bytes of all memories together, and number of memories, each with its threads. */
const MOST_IDLE = { bytes: 2 ** 28, memories: 4 };

/**
 * An ArrayBuffer of this many bytes, never written to, makes V8 collect garbage soon: V8 counts such buffers,
 * but not shared memory.
 */
const PRESSURE_BYTES = 2 ** 27;

/**
 * Ends the threads of a heap that became garbage because its training was abandoned, or its runtime. Nothing
 * in the threads refers to the heap: that would keep it alive.
 */
const abandoned = new FinalizationRegistry<Thread[]>((threads) => {
  if (threads.length > 0) endThreads(threads);
});

/** Makes resources without threads. If their heap becomes garbage, their threads end. */
export function createResources(heap = new Heap()): Resources {
  const resources = { heap, threads: [] };
  abandoned.register(heap, resources.threads);
  return resources;
}

/**
 * Returns `count` of its threads, starting those that are missing from a script's text, by default from its
 * file. Throws the host's error if it cannot.
 */
export function takeThreads({ threads }: Resources, count: number, text?: string): readonly Thread[] {
  threads.splice(0, threads.length, ...threads.filter(({ ended }) => !ended));
  while (threads.length < count) threads.push(new Thread(text));
  return threads.slice(0, count);
}

/** Ends the threads, so that the memory is freed once nothing else refers to it. */
export function drop({ threads }: Resources): void {
  endThreads(threads);
}

/** The idle resources of a runtime. */
export class IdleResources {
  readonly #idle: Resources[] = [];

  /** Takes idle resources, or makes new ones. */
  take(): Resources {
    return this.#idle.pop() ?? createResources();
  }

  /**
   * Keeps resources whose threads are idle, and drops the oldest ones to make room. Resources with blocks in
   * use, or with more memory than may be kept, are dropped instead.
   */
  giveBack(resources: Resources): void {
    if (resources.heap.live.blocks > 0 || bytesOf(resources) > MOST_IDLE.bytes) return drop(resources);
    this.#idle.push(resources);
    while (
      this.#idle.length > MOST_IDLE.memories ||
      this.#idle.reduce((sum, one) => sum + bytesOf(one), 0) > MOST_IDLE.bytes
    )
      this.#idle.splice(0, 1).forEach(drop);
  }

  /** Ends idle threads and frees their memory. */
  drop(): void {
    this.#idle.splice(0).forEach(drop);
  }
}

function bytesOf({ heap }: Resources): number {
  return heap.memory.buffer.byteLength;
}

function endThreads(threads: Thread[]): void {
  for (const thread of threads.splice(0)) thread.end();
  void collectGarbage();
}

/** Makes V8 collect garbage, after the caller has let go of what refers to the memory. */
async function collectGarbage(): Promise<void> {
  await yieldToEventLoop();
  try {
    void new ArrayBuffer(PRESSURE_BYTES);
  } catch {
    // A machine without that much memory collects garbage by itself.
  }
}
