/** The training page's form: the options and three buttons. */
import { OptionError } from "../../../src/core/errors.js";
import { find } from "../shared/dom.js";
import { SOLVER_NAMES } from "../../../src/solvers/solver-table.js";
import * as format from "../shared/format.js";
import { makeFields } from "./form.js";
import { OPTION_FIELDS, type Job, defaultsOf, jobOf } from "./job.js";

/** What the page is doing. */
export type ControlsState =
  | "loading"
  | "idle"
  | "training"
  | "paused"
  | "stopping"
  | "evaluating"
  /** All solvers are being compared. */
  | "comparing"
  | "ended"
  /** The digits could not be loaded, so nothing can be done. */
  | "broken";

export interface Actions {
  start(job: Job): void;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Called when an option is invalid. */
  refuse(error: OptionError): void;
}

export class Controls {
  readonly #form = find("#controls", HTMLFormElement);
  readonly #options = find("#options", HTMLFieldSetElement);
  readonly #start = find("#start", HTMLButtonElement);
  readonly #pause = find("#pause", HTMLButtonElement);
  readonly #stop = find("#stop", HTMLButtonElement);
  readonly #actions: Actions;
  #state: ControlsState = "loading";

  constructor(actions: Actions) {
    this.#actions = actions;
    this.#options.append(...makeFields());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start();
    });
    this.#pause.addEventListener("click", () => {
      if (this.#state === "paused") actions.resume();
      else actions.pause();
    });
    this.#stop.addEventListener("click", () => actions.stop());
    find("[name=solver]", HTMLSelectElement).addEventListener("change", () => this.#fillDefaults());
    this.#fillDefaults();
  }

  /** Fills in the form from the query of an address. */
  fill(query: URLSearchParams): void {
    this.#set("solver", query.get("solver"));
    this.#fillDefaults();
    for (const { name } of OPTION_FIELDS) this.#set(name, query.get(name));
  }

  start(): void {
    try {
      this.#actions.start(jobOf((name) => this.#text(name)));
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      this.#actions.refuse(error);
    }
  }

  show(state: ControlsState): void {
    this.#state = state;
    const buttons = [this.#start, this.#pause, this.#stop];
    const focused = buttons.some((button) => button === document.activeElement);
    const running = state === "training" || state === "paused";
    const ready = state === "idle" || state === "ended";
    this.#options.disabled = !ready;
    this.#start.disabled = !ready;
    this.#start.textContent = state === "ended" ? "Train again" : "Start";
    this.#pause.disabled = !running;
    this.#pause.textContent = state === "paused" ? "Resume" : "Pause";
    this.#stop.disabled = !running;
    // A disabled button loses the keyboard focus: move it to the first enabled one.
    const pressable = buttons.filter((button) => !button.disabled);
    if (focused && !pressable.some((button) => button === document.activeElement)) pressable[0]?.focus();
  }

  get engine(): Job["engine"] {
    return jobOf((name) => (name === "engine" ? this.#text(name) : "")).engine;
  }

  /** Fills in the defaults of the solver's options, and empties and hides the fields that it does not use. */
  #fillDefaults(): void {
    const solver = SOLVER_NAMES.find((one) => one === this.#text("solver")) ?? SOLVER_NAMES[0];
    const defaults = defaultsOf(solver);
    for (const field of this.#options.querySelectorAll("input")) {
      const value = defaults[field.name];
      field.value = value === undefined ? "" : format.plain(value);
      field.labels?.forEach((label) => (label.hidden = value === undefined));
    }
  }

  #set(name: string, text: string | null): void {
    const field = this.#form.elements.namedItem(name);
    if (text !== null && (field instanceof HTMLInputElement || field instanceof HTMLSelectElement))
      field.value = text;
  }

  #text(name: string): string {
    const field = this.#form.elements.namedItem(name);
    return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "";
  }
}
