/** A link that downloads a JSON file: a model, or a benchmark's result. */
export class Download {
  readonly #link: HTMLAnchorElement;

  constructor(link: HTMLAnchorElement) {
    this.#link = link;
    this.withdraw();
  }

  offer(json: string): void {
    this.withdraw();
    this.#link.href = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    this.#link.hidden = false;
  }

  withdraw(): void {
    if (this.#link.href) URL.revokeObjectURL(this.#link.href);
    this.#link.removeAttribute("href");
    this.#link.hidden = true;
  }
}
