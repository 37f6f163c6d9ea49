/**
 * The memory of an engine, and threads that have it. They are kept for the next engine: threads
 * take time to start, and a page may have no network by then.
 *
 * Memory never shrinks, and a thread keeps it alive until it collects its garbage, which an idle one never
 * does. So threads stay with their memory, and end when it is dropped.
 */
import { yieldToEventLoop } from "../../core/event-loop.js";
import { Heap } from "./heap.js";
import { Thread } from "./thread.js";

export interface Resources {
  readonly heap: Heap;
  /** Idle ones, and those at work. */
  readonly threads: Thread[];
}

/** The most that is kept: bytes of all memories together, and memories, each with its threads. */
const MOST_IDLE = { bytes: 2 ** 28, memories: 4 };

/**
 * An ArrayBuffer of so many bytes, never written to, makes V8 collect garbage soon: it counts those, but no
 * shared memory.
 */
const PRESSURE_BYTES = 2 ** 27;

const idle: Resources[] = [];

/**
 * Memory that nobody can use any more, of trainings that were abandoned. Its threads do not refer to the
 * heap.
 */
const abandoned = new FinalizationRegistry<Thread[]>((threads) => {
  if (threads.length > 0) endThreads(threads);
});

/** Idle resources, or new ones. Given back with `giveBack`, or by themselves when their heap is garbage. */
export function takeResources(heap?: Heap): Resources {
  const kept = heap ? undefined : idle.pop();
  if (kept) return kept;
  const resources = { heap: heap ?? new Heap(), threads: [] };
  abandoned.register(resources.heap, resources.threads);
  return resources;
}

/**
 * So many of its threads, started where there are fewer. Throws what the host throws where it starts none.
 */
export function takeThreads({ threads }: Resources, count: number): readonly Thread[] {
  threads.splice(0, threads.length, ...threads.filter(({ ended }) => !ended));
  while (threads.length < count) threads.push(new Thread());
  return threads.slice(0, count);
}

/** Keeps resources that are whole: all is freed, and no thread is at work. The oldest make room for them. */
export function giveBack(resources: Resources): void {
  if (resources.heap.live.blocks > 0 || bytesOf(resources) > MOST_IDLE.bytes) return drop(resources);
  idle.push(resources);
  while (
    idle.length > MOST_IDLE.memories ||
    idle.reduce((sum, one) => sum + bytesOf(one), 0) > MOST_IDLE.bytes
  )
    idle.splice(0, 1).forEach(drop);
}

/** Ends the threads, so that the memory is free once nothing refers to it. */
export function drop({ threads }: Resources): void {
  endThreads(threads);
}

/** Ends idle threads and frees their memory. */
export function dropIdle(): void {
  idle.splice(0).forEach(drop);
}

function bytesOf({ heap }: Resources): number {
  return heap.memory.buffer.byteLength;
}

function endThreads(threads: Thread[]): void {
  for (const thread of threads.splice(0)) thread.end();
  void collectGarbage();
}

/** Once the caller is done with what refers to the memory. */
async function collectGarbage(): Promise<void> {
  await yieldToEventLoop();
  try {
    void new ArrayBuffer(PRESSURE_BYTES);
  } catch {
    // A machine that has not even so much collects by itself.
  }
}
