/** Shows the parity of a training, stage by stage. */
import type { Parity } from "../../../src/index.js";
import { STAGES } from "../../../src/parity/stages.js";
import { find, make } from "../shared/dom.js";
import { rough } from "../shared/format.js";
import { parityWords } from "./words.js";

/** Decades of the bars' logarithmic scale: their left end is a billionth of the bound. */
const DECADES = 9;

export class ParityPanel {
  readonly #section = find("#parity", HTMLElement);
  readonly #badge = find("#parity-badge", HTMLElement);
  readonly #words = find("#parity-words", HTMLElement);
  readonly #rows = find("#parity-stages", HTMLElement);

  /** Hides the panel where parity was not checked. */
  show(parity: Parity | undefined): void {
    this.#section.hidden = this.#badge.hidden = !parity;
    if (!parity) return;
    const { rho, stages } = parity;
    this.#badge.textContent = `ρ ${rough(rho)} ${rho < 1 ? "✓" : "✗"}`;
    this.#badge.className = rho < 1 ? "badge good" : "badge bad";
    this.#words.textContent = parityWords(parity);
    this.#rows.replaceChildren(...Object.entries(stages).map(([stage, own]) => row(stage, own)));
  }

  clear(): void {
    this.#section.hidden = this.#badge.hidden = false;
    this.#badge.textContent = "ρ –";
    this.#badge.className = "badge";
    this.#words.textContent = "";
    this.#rows.replaceChildren(...STAGES.map((stage) => row(stage, undefined)));
  }
}

/** A row with the stage's name, a bar on a logarithmic scale whose right end is the bound, and the number. */
function row(stage: string, rho: number | undefined): HTMLElement {
  const bar = make("span", { className: rho !== undefined && rho >= 1 ? "bar bad" : "bar" });
  const length = rho ? 1 + Math.log10(rho) / DECADES : 0;
  bar.style.setProperty("--length", String(Math.min(Math.max(length, 0), 1)));
  const number = rho === undefined ? "–" : rough(rho);
  return make(
    "tr",
    {},
    make("th", { scope: "row", textContent: stage }),
    make("td", {}, bar),
    make("td", { textContent: number }),
  );
}
