/** Pauses a training between two of its reports. */
import { yieldToEventLoop } from "../../../src/core/event-loop.js";

export class Brake {
  #release: (() => void) | undefined;
  #held: Promise<void> | undefined;
  #seconds = 0;

  /** Total seconds of all pauses. */
  get seconds(): number {
    return this.#seconds;
  }

  hold(): void {
    this.#held ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release?.();
    this.#held = undefined;
  }

  /** Resolves when the training may go on. Yields first, so that messages such as a pause arrive. */
  async passed(): Promise<void> {
    await yieldToEventLoop();
    const began = performance.now();
    while (this.#held) await this.#held;
    this.#seconds += (performance.now() - began) / 1000;
  }
}
