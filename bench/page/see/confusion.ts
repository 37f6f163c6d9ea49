/** The confusion matrix on the test digits: one row per true digit, one column per prediction. */
import { make } from "../shared/dom.js";
import { count } from "../shared/format.js";

export class ConfusionTable {
  readonly #cells: readonly (readonly HTMLTableCellElement[])[];

  constructor(table: HTMLTableElement) {
    const digits = Array.from({ length: 10 }, (_, digit) => digit);
    this.#cells = digits.map(() => digits.map(() => make("td")));
    const columns = digits.map((digit) => make("th", { scope: "col", textContent: String(digit) }));
    const corner = make("td", { className: "corner" });
    table.append(
      make("thead", {}, make("tr", {}, corner, ...columns)),
      make(
        "tbody",
        {},
        ...digits.map((digit) =>
          make("tr", {}, make("th", { scope: "row", textContent: String(digit) }), ...this.#cells[digit]),
        ),
      ),
    );
  }

  show(confusion: readonly (readonly number[])[]): void {
    const mistakes = confusion.flatMap((row, truth) => row.filter((_, said) => said !== truth));
    const [mostHits, mostMistakes] = [
      Math.max(...confusion.map((row, truth) => row[truth])),
      Math.max(...mistakes),
    ];
    confusion.forEach((row, truth) =>
      row.forEach((examples, said) => {
        const cell = this.#cells[truth][said];
        const most = said === truth ? mostHits : mostMistakes;
        cell.textContent = examples === 0 ? "" : count(examples);
        cell.title = `${truth} read as ${said}: ${count(examples)}`;
        cell.className = said === truth ? "hit" : "miss";
        cell.style.setProperty("--share", String(most === 0 ? 0 : examples / most));
      }),
    );
  }

  clear(): void {
    for (const cell of this.#cells.flat()) {
      cell.textContent = "";
      cell.className = "";
      cell.title = "";
    }
  }
}
