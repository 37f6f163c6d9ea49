import { yieldToEventLoop } from "../../../src/core/event-loop.js";

/** Holds a training between two of its reports. */
export class Brake {
  #release: (() => void) | undefined;
  #held: Promise<void> | undefined;
  #seconds = 0;

  /** Seconds that the training was held. */
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

  /** Resolves when the training may go on. Lets this thread hear its messages first. */
  async passed(): Promise<void> {
    await yieldToEventLoop();
    const began = performance.now();
    while (this.#held) await this.#held;
    this.#seconds += (performance.now() - began) / 1000;
  }
}
