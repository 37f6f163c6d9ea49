/** Shows the comparison of the solvers: a line in the chart and a row in the table for each. */
import "../shared/language.js";
import uPlot from "uplot";
import { SOLVER_NAMES, type SolverName } from "../../../src/solvers/solver-table.js";
import { css, onSchemeChange } from "../shared/colours.js";
import type { ControlsState } from "./controls.js";
import { find, make } from "../shared/dom.js";
import * as format from "../shared/format.js";
import type { ComparedPoint } from "./protocol.js";
import { choiceWords } from "./words.js";

interface Look {
  /** The custom property with the line's colour. */
  readonly colour: "--for" | "--against" | "--ink";
  readonly dashed: boolean;
}

const LOOKS: Readonly<Record<SolverName, Look>> = {
  lbfgs: { colour: "--for", dashed: false },
  newton: { colour: "--for", dashed: true },
  gd: { colour: "--ink", dashed: true },
  sgd: { colour: "--ink", dashed: false },
  adam: { colour: "--against", dashed: false },
  adamw: { colour: "--against", dashed: true },
};

const HEIGHT = 340;
/** Least F − F* that is drawn; smaller differences are drawn as this. F* is the lowest F found. */
const NEAREST = 1e-9;

export class ComparisonPanel {
  readonly #button = find("#compare", HTMLButtonElement);
  readonly #reading = find("#compare-reading", HTMLElement);
  readonly #result = find("#compare-result", HTMLElement);
  readonly #figure = find("#compare-chart", HTMLElement);
  readonly #table = find("#compare-rows", HTMLElement);
  readonly #points = new Map<SolverName, ComparedPoint[]>();
  #plot: uPlot | undefined;

  /** `toggle` starts a comparison, or stops the one that is running. */
  constructor(toggle: () => void) {
    this.#button.addEventListener("click", toggle);
    new ResizeObserver(() =>
      this.#plot?.setSize({ width: this.#figure.clientWidth, height: HEIGHT }),
    ).observe(this.#figure);
    onSchemeChange(() => this.#plot?.redraw(false));
  }

  begin(): void {
    this.#points.clear();
    this.#result.hidden = true;
    this.#say("Starting.");
  }

  add(point: ComparedPoint): void {
    const { solver, passes } = point;
    this.#points.set(solver, [...(this.#points.get(solver) ?? []), point]);
    this.#result.hidden = false;
    this.#say(`${choiceWords(solver)}: ${format.count(passes)} ${passes === 1 ? "pass" : "passes"}.`);
    this.#draw();
    this.#table.replaceChildren(...SOLVER_NAMES.flatMap((one) => this.#rows(one)));
  }

  stopping(): void {
    this.#button.disabled = true;
    this.#say("Stopping.");
  }

  end(stopped: boolean): void {
    this.#say(stopped ? "Stopped." : "Done.");
  }

  show(state: ControlsState): void {
    this.#button.disabled = state !== "idle" && state !== "ended" && state !== "comparing";
    this.#button.textContent = state === "comparing" ? "Stop" : "Compare";
  }

  #say(text: string): void {
    this.#reading.textContent = text;
  }

  #draw(): void {
    const all = [...this.#points.values()].flat();
    const lowest = Math.min(...all.map(({ objective }) => objective));
    const passes = [...new Set(all.map((point) => point.passes))].toSorted((a, b) => a - b);
    const lines = SOLVER_NAMES.map((solver) => {
      const own = new Map(this.#points.get(solver)?.map((point) => [point.passes, point.objective]));
      return passes.map((at) => Math.max((own.get(at) ?? Number.NaN) - lowest, NEAREST) || null);
    });
    this.#plot ??= new uPlot(options(this.#figure.clientWidth), [[]], this.#figure);
    this.#plot.setData([passes, ...lines]);
  }

  /** Rows of a solver's latest point and the reason why that training ended. */
  #rows(solver: SolverName): HTMLElement[] {
    const last = this.#points.get(solver)?.at(-1);
    if (!last) return [];
    const { colour, dashed } = LOOKS[solver];
    const line = make("i");
    line.style.borderTop = `2px ${dashed ? "dashed" : "solid"} var(${colour})`;
    const numbers = [
      format.count(last.passes),
      format.seconds(last.seconds),
      last.objective.toFixed(6),
      format.rough(last.gradientMax),
    ];
    return [
      make(
        "tr",
        {},
        make("th", { scope: "row" }, line, choiceWords(solver)),
        ...numbers.map((textContent) => make("td", { textContent })),
      ),
      make("tr", { className: "reason" }, make("td", { colSpan: 5, textContent: last.reason })),
    ];
  }
}

function options(width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => css("--muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: () => css("--rule"), width: 1 },
    ticks: { show: false },
    gap: 6,
    splits: (_, __, least, most) => decades(least, most),
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: {
      x: { time: false, distr: 3, range: (_, __, most) => [1, Math.max(100, most ?? 1)] },
      y: {
        distr: 3,
        range: (_, least, most) => [decade(least ?? 1, Math.floor), decade(most ?? 1, Math.ceil)],
      },
    },
    axes: [
      { ...axis, size: 28, filter: (_, values) => values, values: (_, values) => values.map(format.count) },
      { ...axis, size: 44, filter: (_, values) => values, values: (_, values) => values.map(power) },
    ],
    series: [
      {},
      ...SOLVER_NAMES.map((solver): uPlot.Series => {
        const { colour, dashed } = LOOKS[solver];
        return {
          stroke: () => css(colour),
          width: 1.75,
          spanGaps: true,
          points: { show: false },
          ...(dashed && { dash: [6, 4] }),
        };
      }),
    ],
  };
}

/** The power of ten next to a value, below or above according to `round`. */
function decade(value: number, round: (exponent: number) => number): number {
  return 10 ** round(Math.log10(value));
}

function decades(least: number, most: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(least)), Math.floor(Math.log10(most))];
  return Array.from({ length: last - first + 1 }, (_, n) => 10 ** (first + n));
}

/** Formats a power of ten: 10⁻⁴ */
function power(value: number): string {
  const digits = [...String(Math.round(Math.log10(value)))];
  return `10${digits.map((digit) => (digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)])).join("")}`;
}
