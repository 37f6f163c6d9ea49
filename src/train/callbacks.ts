/**
 * Calls the caller's callbacks, which may be asynchronous. It does not wait for them, but keeps what they
 * reject with.
 */
export class Callbacks {
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Calls the callback. Throws what it throws, and keeps a rejection for `check`. */
  call<T>(callback: ((value: T) => unknown) | undefined, value: T): void {
    const result = callback?.(value);
    if (typeof result !== "object" || result === null || !("then" in result)) return;
    const settled = Promise.resolve(result)
      .then(
        () => {},
        (error: unknown) => {
          this.#failure ??= { error };
        },
      )
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  /** Throws the first rejection so far. */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for the calls that are still pending. Throws the first rejection. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.check();
  }
}
