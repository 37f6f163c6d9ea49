/**
 * The caller's callbacks, which may be asynchronous. They are not waited for, but what they reject with is
 * not lost.
 */
export class Callbacks {
  readonly #pending = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Throws what the callback throws. A rejection is kept for `check`. */
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

  /** Waits for the calls that have not ended yet. Throws the first rejection. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.check();
  }
}
