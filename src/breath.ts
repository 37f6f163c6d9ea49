/** The event loop gets a turn this often, so that a page or a signal is heard. */
const BREATH_MS = 20;

/** Lets everything else have a turn, when it has not had one for a while. */
export class Breath {
  #last = performance.now();

  async take(): Promise<void> {
    if (performance.now() - this.#last < BREATH_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.#last = performance.now();
  }
}
