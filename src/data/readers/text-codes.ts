/** Numbers distinct texts in the order in which they first appear. */
export class TextCodes {
  readonly #codes = new Map<string, number>();

  /** Returns the number of a text; −1, missing, of an empty one. */
  codeOf(text: string): number {
    if (text === "") return -1;
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.#codes.size);
    return this.#codes.size - 1;
  }

  /** The distinct texts. */
  get texts(): string[] {
    return [...this.#codes.keys()];
  }
}
