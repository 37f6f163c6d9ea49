/** Numbers distinct texts in the order in which they first appear. */
export class TextCodes {
  readonly #codes = new Map<string, number>();

  codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    this.#codes.set(text, this.#codes.size);
    return this.#codes.size - 1;
  }

  /** Returns the number of a text; −1, missing, of an empty one. */
  codeUnlessEmpty(text: string): number {
    return text === "" ? -1 : this.codeOf(text);
  }

  /** The distinct texts. */
  get texts(): string[] {
    return [...this.#codes.keys()];
  }
}
