/** Charts of loss and accuracy over the epochs or iterations, drawn during the training. */
import "../shared/language.js";
import uPlot from "uplot";
import type { Progress } from "../../../src/index.js";
import { css, onSchemeChange } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import * as format from "../shared/format.js";
import type { Limit } from "./job.js";

interface Look {
  readonly name: string;
  /** The custom property with the line's colour. */
  readonly colour: "--for" | "--against";
  readonly scale: uPlot.Scale;
  /** Values with a grid line (default: uPlot's choice). */
  readonly ticks?: (least: number, most: number) => number[];
  readonly tick: (value: number) => string;
  readonly format: (value: number) => string;
}

const HEIGHT = 220;
/** Iterations that the x-axis has room for at the start, when the number of iterations is unknown. */
const ROOM = 20;
/** Allowed distances between ticks of the x-axis: whole epochs or iterations only. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

const LOSS: Look = {
  name: "Loss",
  colour: "--against",
  scale: { distr: 3, range: (_, least, most) => [Math.min(0.2, least ?? 0.2), Math.max(3, most ?? 3)] },
  ticks: (least, most) =>
    Array.from({ length: 24 }, (_, n) => [1, 2, 5][n % 3] * 10 ** (Math.floor(n / 3) - 3)).filter(
      (value) => value >= least && value <= most,
    ),
  tick: (value) => String(Number(value.toPrecision(1))),
  format: format.loss,
};

const ACCURACY: Look = {
  name: "Accuracy",
  colour: "--for",
  scale: { range: ({ data }) => [floor(data[1] ?? []), 1] },
  tick: (value) => format.percent(value, 0),
  format: format.percent,
};

/** Where the axis of accuracies begins, chosen by their median so that their differences can be seen. */
function floor(accuracies: ArrayLike<number | null | undefined>): number {
  const sorted = Array.from(accuracies, (accuracy) => accuracy ?? 0).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return [0.8, 0.5].find((start) => median > start + 0.05) ?? 0;
}

class Chart {
  readonly #look: Look;
  readonly #figure: HTMLElement;
  readonly #reading: HTMLElement;
  readonly #title = make("span");
  readonly #plot: uPlot;
  #limit: Limit = { unit: "iteration", most: ROOM };
  #latest = "";

  constructor(figure: HTMLElement, look: Look) {
    this.#look = look;
    this.#figure = figure;
    this.#reading = make("output", { textContent: "–" });
    const heading = make("figcaption", {}, this.#title, this.#reading);
    this.#name();
    const place = make("div", { role: "img", ariaLabel: `${look.name}: no data yet` });
    figure.append(heading, place);
    this.#plot = new uPlot(this.#options(figure.clientWidth), [[], []], place);
    new ResizeObserver(() => this.#plot.setSize({ width: figure.clientWidth, height: HEIGHT })).observe(
      figure,
    );
    onSchemeChange(() => this.#plot.redraw(false));
  }

  begin(limit: Limit): void {
    this.#limit = limit;
    this.#latest = "–";
    this.#name();
    this.draw([], []);
  }

  draw(times: readonly number[], values: readonly number[]): void {
    const last = values.at(-1);
    if (last !== undefined) this.#latest = this.#look.format(last);
    this.#reading.textContent = this.#latest;
    this.#plot.setData([[...times], [...values]]);
    const words =
      last === undefined ? "no data yet" : `${this.#latest} at ${this.#time(times.at(-1) ?? 0, 1)}`;
    this.#figure.querySelector("[role=img]")?.setAttribute("aria-label", `${this.#look.name}: ${words}`);
  }

  #name(): void {
    this.#title.textContent = `${this.#look.name} by ${this.#limit.unit}`;
  }

  /** Formats a position: epoch 3.25, iteration 34 */
  #time(at: number, digits: number): string {
    const { unit } = this.#limit;
    return `${unit} ${at.toFixed(unit === "epoch" ? digits : 0)}`;
  }

  /** End of the x-axis: the last epoch to come, or the latest iteration (at least ROOM). */
  #most(latest: number): number {
    const { unit, most } = this.#limit;
    return unit === "epoch" ? most : Math.max(Math.min(ROOM, most), latest);
  }

  #options(width: number): uPlot.Options {
    const { colour, scale, ticks, tick, format: words } = this.#look;
    const grid = { stroke: () => css("--rule"), width: 1 };
    const axis: uPlot.Axis = {
      stroke: () => css("--muted"),
      font: "12px system-ui, sans-serif",
      grid,
      ticks: { show: false },
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      padding: [8, 8, 0, 0],
      scales: { x: { time: false, range: (_, __, latest) => [0, this.#most(latest ?? 0)] }, y: scale },
      axes: [
        { ...axis, grid: { show: false }, size: 28, gap: 6, incrs: WHOLE },
        {
          ...axis,
          size: 52,
          gap: 6,
          ...(ticks && { splits: (_: uPlot, __: number, least: number, most: number) => ticks(least, most) }),
          values: (_, values) => values.map(tick),
        },
      ],
      series: [{}, { stroke: () => css(colour), width: 1.75, points: { show: false } }],
      hooks: {
        setCursor: [
          ({ cursor, data }) => {
            const value = cursor.idx === null || cursor.idx === undefined ? undefined : data[1]?.[cursor.idx];
            const time = cursor.idx === null || cursor.idx === undefined ? undefined : data[0][cursor.idx];
            this.#reading.textContent =
              typeof value === "number" && time !== undefined
                ? `${words(value)} at ${this.#time(time, 2)}`
                : this.#latest;
          },
        ],
      },
    };
  }
}

/** Both charts of one training at a time. They draw at most once per frame. */
export class Charts {
  readonly #loss: Chart;
  readonly #accuracy: Chart;
  readonly #times: number[] = [];
  readonly #losses: number[] = [];
  readonly #accuracies: number[] = [];
  #drawing = false;

  constructor(loss: HTMLElement, accuracy: HTMLElement) {
    this.#loss = new Chart(loss, LOSS);
    this.#accuracy = new Chart(accuracy, ACCURACY);
  }

  begin(limit: Limit): void {
    for (const values of [this.#times, this.#losses, this.#accuracies]) values.length = 0;
    this.#loss.begin(limit);
    this.#accuracy.begin(limit);
  }

  add({ fraction, iteration, loss, accuracy }: Progress, { unit, most }: Limit): void {
    this.#times.push(unit === "epoch" ? fraction * most : iteration);
    this.#losses.push(loss);
    this.#accuracies.push(accuracy);
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#loss.draw(this.#times, this.#losses);
      this.#accuracy.draw(this.#times, this.#accuracies);
    });
  }
}
