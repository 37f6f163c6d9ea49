/** The queue of an objective's calls. Those made in one turn of the event loop are one run of the threads. */
import { MOST_ENTRIES, type KernelContext, type SumTriple } from "./kernel-context.js";
import type { Entry } from "./plan.js";

/** The most terms in all sums of one run. */
const TERMS = 1024;
/** Bytes of the terms, each a factor and an address. */
export const TERMS_BYTES = 8 * TERMS;

/** A factor and the address of a vector. */
export type TermAt = readonly [factor: number, address: number];

/** A queued task: an entry for the threads, or work for the calling thread once all before it is done. */
type Asked = { readonly fail: (error: unknown) => void } & (
  | {
      readonly entry: Partial<Entry>;
      readonly terms: readonly TermAt[];
      readonly answer: (three: SumTriple) => void;
    }
  | { readonly here: () => Promise<void> }
);

export class CallQueue {
  readonly #work: KernelContext;
  /** The address of the terms. */
  readonly #terms: number;
  #asked: Asked[] = [];
  #running = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(work: KernelContext) {
    this.#work = work;
    this.#terms = work.allocate(TERMS_BYTES);
  }

  /** Queues an entry. Resolves to its sums. */
  ask(entry: Partial<Entry>): Promise<SumTriple> {
    return new Promise((answer, fail) => this.#push({ entry, terms: [], answer, fail }));
  }

  /** Queues an entry that nobody awaits. If it fails, the calls after it fail. */
  add(entry: Partial<Entry>, terms: readonly TermAt[] = []): void {
    if (terms.length > TERMS) throw new RangeError(`A sum of ${terms.length} terms: there may be ${TERMS}.`);
    this.#push({ entry, terms, answer() {}, fail() {} });
  }

  /** Queues work for the calling thread. */
  here<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, fail) => {
      this.#push({ here: async () => resolve(await work()), fail });
    });
  }

  /** Fails the calls that have not begun. */
  clear(): void {
    for (const { fail } of this.#asked.splice(0)) fail(new Error("The objective was released."));
  }

  #push(asked: Asked): void {
    this.#asked.push(asked);
    if (this.#running) return;
    this.#running = true;
    void Promise.resolve().then(() => this.#run());
  }

  /** Runs the queue in order, with what is added meanwhile. */
  async #run(): Promise<void> {
    while (this.#asked.length > 0) {
      const some = this.#next();
      try {
        if (this.#failure) throw this.#failure.error;
        await this.#do(some);
      } catch (error) {
        // Work on the calling thread may only have lacked memory; threads that fail are lost.
        if (!("here" in some[0])) this.#failure = { error };
        for (const { fail } of some) fail(error);
      }
    }
    this.#running = false;
  }

  /** Takes one task for the calling thread off the queue, or as many entries as one run holds. */
  #next(): readonly Asked[] {
    let terms = 0;
    const past = this.#asked.findIndex(
      (one, n) => "here" in one || n === MOST_ENTRIES || (terms += one.terms.length) > TERMS,
    );
    return this.#asked.splice(0, past < 0 ? this.#asked.length : Math.max(1, past));
  }

  async #do(asked: readonly Asked[]): Promise<void> {
    const [first] = asked;
    if ("here" in first) return first.here();
    const entries = asked.filter((one) => "entry" in one);
    const threes = await this.#work.run(this.#written(entries));
    entries.forEach(({ answer }, n) => answer(threes[n]));
  }

  /** Writes the terms of the entries to memory and returns the entries with their addresses. */
  #written(asked: readonly Pick<Extract<Asked, { entry: object }>, "entry" | "terms">[]): Partial<Entry>[] {
    const { u32, f32 } = this.#work.words(this.#terms, 2 * TERMS);
    let used = 0;
    return asked.map(({ entry, terms }) => {
      if (terms.length === 0) return entry;
      const input = this.#terms + 8 * used;
      for (const [factor, address] of terms) {
        u32[2 * used] = address;
        f32[2 * used + 1] = factor;
        used++;
      }
      return { ...entry, input };
    });
  }
}
