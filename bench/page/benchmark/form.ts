/** The benchmark's form: a choice of workloads and systems, and three buttons. */
import { find, make } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { systems } from "../../peers/all.js";
import { workloads } from "../../measure/workloads.js";

/** What the page is doing. */
export type ChoiceState = "idle" | "running" | "stopping" | "ended";

export interface BenchmarkChoice {
  readonly workloads: readonly string[];
  readonly systems: readonly string[];
}

interface Actions {
  start(sweep: boolean): void;
  stop(): void;
}

/** Workloads checked at first: together they take a minute where there is no GPU. */
const QUICK = ["mnist", "mnist-f32", "tiny"];

export class ChoiceForm {
  readonly #form = find("#choice", HTMLFormElement);
  readonly #fieldsets = [find("#workloads", HTMLFieldSetElement), find("#systems", HTMLFieldSetElement)];
  readonly #start = find("#start", HTMLButtonElement);
  readonly #sweep = find("#sweep-start", HTMLButtonElement);
  readonly #stop = find("#stop", HTMLButtonElement);

  constructor(actions: Actions) {
    this.#fieldsets[0]?.append(
      ...workloads.map(({ name, features, classes, batch }) =>
        chip(
          "workload",
          name,
          [`${count(features)} × ${count(classes)}`, `batch ${count(batch)}`],
          QUICK.includes(name),
        ),
      ),
    );
    this.#fieldsets[1]?.append(
      ...systems
        .filter(({ onlyByName }) => !onlyByName)
        .map(({ name, on }) => chip("system", name, [on], true)),
    );
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      actions.start(false);
    });
    this.#form.addEventListener("change", () => this.show("idle"));
    this.#sweep.addEventListener("click", () => actions.start(true));
    this.#stop.addEventListener("click", () => actions.stop());
    this.show("idle");
  }

  /** The checked workloads and systems, in the order of their tables. */
  get chosen(): BenchmarkChoice {
    const data = new FormData(this.#form);
    const texts = (name: string) => data.getAll(name).filter((value) => typeof value === "string");
    return { workloads: texts("workload"), systems: texts("system") };
  }

  show(state: ChoiceState): void {
    const buttons = [this.#start, this.#sweep, this.#stop];
    const focused = buttons.find((button) => button === document.activeElement);
    // Set before `chosen` is read: checkboxes in a disabled fieldset are not in the form's data.
    const running = state === "running" || state === "stopping";
    for (const fieldset of this.#fieldsets) fieldset.disabled = running;
    const { workloads, systems } = this.chosen;
    const ready = workloads.length > 0 && systems.length > 0;
    this.#start.disabled = !ready;
    this.#sweep.disabled = !ready;
    this.#stop.disabled = state !== "running";
    // A disabled button loses the keyboard focus: move it to the first enabled one.
    if (focused?.disabled) buttons.find((button) => !button.disabled)?.focus();
  }
}

function chip(name: string, value: string, lines: readonly string[], checked: boolean): HTMLLabelElement {
  return make(
    "label",
    { className: "chip" },
    make("input", { type: "checkbox", name, value, defaultChecked: checked }),
    make(
      "span",
      {},
      make("b", { textContent: value }),
      ...lines.map((textContent) => make("small", { textContent })),
    ),
  );
}
