/** The parity of a training, stage by stage. */
import type { Stage } from "../../src/index.js";
import { find, make } from "./dom.js";
import { ratio } from "./format.js";
import type { Summary } from "./protocol.js";
import { parityWords } from "./words.js";

const STAGES: readonly Stage[] = ["logits", "residual", "loss", "gradient", "update"];
/** The bars' left end: a billionth of the bound. */
const DECADES = 9;

export class ParityPanel {
  readonly #badge = find("#parity-badge", HTMLElement);
  readonly #words = find("#parity-words", HTMLElement);
  readonly #rows = find("#parity-stages", HTMLElement);

  show(summary: Summary): void {
    const { rho, stages } = summary.parity;
    this.#badge.textContent = `ρ ${ratio(rho)} ${rho < 1 ? "✓" : "✗"}`;
    this.#badge.className = rho < 1 ? "badge good" : "badge bad";
    this.#words.textContent = parityWords(summary);
    this.#rows.replaceChildren(...STAGES.map((stage) => row(stage, stages[stage])));
  }

  clear(): void {
    this.#badge.textContent = "ρ –";
    this.#badge.className = "badge";
    this.#words.textContent = "";
    this.#rows.replaceChildren(...STAGES.map((stage) => row(stage, undefined)));
  }
}

/** A name, a bar whose right end is the bound, on a logarithmic scale, and the number. */
function row(stage: Stage, rho: number | undefined): HTMLElement {
  const bar = make("span", { className: rho !== undefined && rho >= 1 ? "bar bad" : "bar" });
  const length = rho ? 1 + Math.log10(rho) / DECADES : 0;
  bar.style.setProperty("--length", String(Math.min(Math.max(length, 0), 1)));
  const number = rho === undefined ? "–" : ratio(rho);
  return make(
    "tr",
    {},
    make("th", { scope: "row", textContent: stage }),
    make("td", {}, bar),
    make("td", { textContent: number }),
  );
}
