/** Plots examples per second over the batch size, one line per system, with both axes logarithmic. */
import "../shared/language.js";
import uPlot from "uplot";
import type { MeasureFailure, Run } from "../../measure/measure.js";
import { css, onSchemeChange } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import { count } from "../shared/format.js";
import { systems } from "../../peers/all.js";
import { libraryOf } from "./board.js";
import { significant } from "../../measure/format.js";
import { workloads } from "../../measure/workloads.js";
import { type Doing, inOrder, onGpu } from "./rows.js";
import { sizesOf } from "../../measure/batch-sizes.js";

const HEIGHT = 340;
/** Dash pattern of systems on the CPU: dash and gap, in pixels. */
const ON_CPU = [6, 4];

interface Line {
  readonly system: string;
  readonly loaded: boolean;
  readonly runs: readonly Run[];
}

export class SweepPlot {
  readonly figure: HTMLElement;
  readonly #workload: string;
  readonly #reading = make("output", {});
  readonly #place = make("div", { role: "img" });
  readonly #key = make("ul", { className: "lines" });
  readonly #failed = make("ul", { className: "failures" });
  #plot: uPlot | undefined;
  #lines: readonly Line[] = [];
  #doing: Doing | undefined;
  #sizes: readonly number[] = [];

  constructor(workload: string) {
    this.#workload = workload;
    const caption = make(
      "figcaption",
      {},
      make("span", { textContent: `${workload}: examples/s by batch size` }),
      this.#reading,
    );
    this.figure = make("figure", {}, caption, this.#place, this.#key, this.#failed);
    new ResizeObserver(() => this.#fit()).observe(this.figure);
    onSchemeChange(() => this.#plot?.redraw(false));
  }

  show(
    own: readonly Run[],
    theirs: readonly Run[],
    failures: readonly MeasureFailure[],
    doing?: Doing,
  ): void {
    this.#lines = [...linesOf(own, false), ...linesOf(theirs, true)];
    const runs = this.#lines.flatMap((line) => line.runs);
    const known = workloads.filter(({ name }) => name === this.#workload).flatMap(sizesOf);
    this.#sizes = [...new Set([...known, ...runs.map(({ batch }) => batch)])].toSorted((a, b) => a - b);
    this.#doing = doing;
    this.#draw();
    this.#read(undefined);
    this.#failed.replaceChildren(
      ...failures.map(({ system, batch = Number.NaN, message }) =>
        make("li", { textContent: `${system} failed at batch ${count(batch)}: ${message}` }),
      ),
    );
  }

  #draw(): void {
    this.#plot?.destroy();
    const at = (line: Line) =>
      this.#sizes.map((size) => line.runs.find(({ batch }) => batch === size)?.examplesPerSecond ?? null);
    const width = this.figure.clientWidth || 640;
    this.#plot = new uPlot(this.#options(width), [[...this.#sizes], ...this.#lines.map(at)], this.#place);
    this.#place.ariaLabel = `${this.#workload}: ${this.#lines.map((line) => inWords(line)).join("; ")}`;
  }

  #fit(): void {
    const width = this.figure.clientWidth;
    if (width > 0 && this.#plot && this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** Writes each line's value at a batch size into the key, or its best value without one. */
  #read(size: number | undefined): void {
    const now = this.#doing ? `${this.#doing.system}, ${this.#doing.what}` : "best of each";
    this.#reading.textContent = size === undefined ? now : `at batch ${count(size)}`;
    this.#key.replaceChildren(
      ...this.#lines.map(({ system, loaded, runs }) => {
        const best = runs.toSorted((a, b) => b.examplesPerSecond - a.examplesPerSecond)[0];
        const run = size === undefined ? best : runs.find(({ batch }) => batch === size);
        const item = make(
          "li",
          { className: loaded ? "loaded" : "" },
          make("i", {}),
          make("span", { textContent: loaded ? `${system}, loaded` : system }),
          make("b", { textContent: run ? significant(run.examplesPerSecond) : "–" }),
        );
        item.dataset["library"] = libraryOf(system);
        item.dataset["on"] = onGpu(system) ? "gpu" : "cpu";
        return item;
      }),
    );
  }

  #options(width: number): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: () => css("--muted"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: () => css("--rule"), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      padding: [8, 16, 0, 0],
      scales: {
        x: { time: false, distr: 3, log: 2, range: (_, least, most) => [least / 1.25, most * 1.25] },
        y: {
          distr: 3,
          range: (_, least, most) => [decade(least ?? 1, Math.floor), decade(most ?? 10, Math.ceil)],
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          gap: 6,
          splits: () => [...this.#sizes],
          filter: (_, sizes) => sizes,
          values: (_, sizes) => sizes.map((size) => count(size)),
        },
        {
          ...axis,
          size: 58,
          gap: 6,
          splits: (_, __, least, most) => decades(least, most),
          values: (_, values) => values.map((value) => short(value)),
        },
      ],
      series: [{}, ...this.#lines.map((line) => series(line))],
      hooks: {
        setCursor: [
          ({ cursor: { idx } }) => {
            this.#read(idx === null || idx === undefined ? undefined : this.#sizes[idx]);
          },
        ],
      },
    };
  }
}

function linesOf(runs: readonly Run[], loaded: boolean): Line[] {
  const names = inOrder(
    runs.map(({ system }) => system),
    systems,
  );
  return names.map((name) => ({ system: name, loaded, runs: runs.filter(({ system }) => system === name) }));
}

function series({ system, loaded }: Line): uPlot.Series {
  const colour = () => css(`--${libraryOf(system)}`) || css("--muted");
  return {
    stroke: colour,
    width: loaded ? 1 : 2,
    alpha: loaded ? 0.6 : 1,
    spanGaps: true,
    ...(!onGpu(system) && { dash: ON_CPU }),
    points: {
      show: true,
      size: 6,
      stroke: colour,
      fill: () => css(loaded ? "--paper" : `--${libraryOf(system)}`),
    },
  };
}

function inWords({ system, loaded, runs }: Line): string {
  const points = runs.map((run) => `${significant(run.examplesPerSecond)} at ${count(run.batch)}`);
  return `${system}${loaded ? ", loaded" : ""}: ${points.join(", ")}`;
}

/** The power of ten next to a value, below or above according to `round`. */
function decade(value: number, round: (exponent: number) => number): number {
  return 10 ** round(Math.log10(value));
}

function decades(least: number, most: number): number[] {
  const first = Math.round(Math.log10(least));
  const last = Math.round(Math.log10(most));
  return Array.from({ length: Math.max(0, last - first) + 1 }, (_, index) => 10 ** (first + index));
}

/** 100 · 10k · 1M */
function short(value: number): string {
  return new Intl.NumberFormat("en", { notation: "compact" }).format(value);
}
