/** Loss and accuracy over the epochs, drawn as the training goes. */
import "./language.js";
import uPlot from "uplot";
import type { Progress } from "../../src/index.js";
import { onSchemeChange } from "./colours.js";
import { make } from "./dom.js";
import * as format from "./format.js";

interface Look {
  readonly name: string;
  /** The custom property that holds the line's colour. */
  readonly colour: "--for" | "--against";
  readonly scale: uPlot.Scale;
  /** The values that get a line across. Default: uPlot's choice. */
  readonly ticks?: (least: number, most: number) => number[];
  readonly tick: (value: number) => string;
  readonly format: (value: number) => string;
}

const HEIGHT = 220;

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

/** Where the axis of accuracies begins, so that what the most of them differ in can be seen. */
function floor(accuracies: ArrayLike<number | null | undefined>): number {
  const sorted = Array.from(accuracies, (accuracy) => accuracy ?? 0).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return [0.8, 0.5].find((start) => median > start + 0.05) ?? 0;
}

class Chart {
  readonly #look: Look;
  readonly #figure: HTMLElement;
  readonly #reading: HTMLElement;
  readonly #plot: uPlot;
  #epochs = 10;
  #latest = "";

  constructor(figure: HTMLElement, look: Look) {
    this.#look = look;
    this.#figure = figure;
    this.#reading = make("output", { textContent: "–" });
    const heading = make(
      "figcaption",
      {},
      make("span", { textContent: `${look.name} by epoch` }),
      this.#reading,
    );
    const place = make("div", { role: "img", ariaLabel: `${look.name}: nothing yet` });
    figure.append(heading, place);
    this.#plot = new uPlot(this.#options(figure.clientWidth), [[], []], place);
    new ResizeObserver(() => this.#plot.setSize({ width: figure.clientWidth, height: HEIGHT })).observe(
      figure,
    );
    onSchemeChange(() => this.#plot.redraw(false));
  }

  begin(epochs: number): void {
    this.#epochs = epochs;
    this.#latest = "–";
    this.draw([], []);
  }

  draw(epochs: readonly number[], values: readonly number[]): void {
    const last = values.at(-1);
    if (last !== undefined) this.#latest = this.#look.format(last);
    this.#reading.textContent = this.#latest;
    this.#plot.setData([[...epochs], [...values]]);
    const words =
      last === undefined ? "nothing yet" : `${this.#latest} after ${epochs.at(-1)?.toFixed(1)} epochs`;
    this.#figure.querySelector("[role=img]")?.setAttribute("aria-label", `${this.#look.name}: ${words}`);
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
      scales: { x: { time: false, range: () => [0, this.#epochs] }, y: scale },
      axes: [
        { ...axis, grid: { show: false }, size: 28, gap: 6 },
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
            const epoch = cursor.idx === null || cursor.idx === undefined ? undefined : data[0][cursor.idx];
            this.#reading.textContent =
              typeof value === "number" && epoch !== undefined
                ? `${words(value)} at epoch ${epoch.toFixed(2)}`
                : this.#latest;
          },
        ],
      },
    };
  }
}

/** Both charts, of one training at a time. They draw at most once a frame. */
export class Charts {
  readonly #loss: Chart;
  readonly #accuracy: Chart;
  readonly #seen: number[] = [];
  readonly #losses: number[] = [];
  readonly #accuracies: number[] = [];
  #drawing = false;

  constructor(loss: HTMLElement, accuracy: HTMLElement) {
    this.#loss = new Chart(loss, LOSS);
    this.#accuracy = new Chart(accuracy, ACCURACY);
  }

  begin(epochs: number): void {
    for (const values of [this.#seen, this.#losses, this.#accuracies]) values.length = 0;
    this.#loss.begin(epochs);
    this.#accuracy.begin(epochs);
  }

  add({ fraction, loss, accuracy }: Progress, epochs: number): void {
    this.#seen.push(fraction * epochs);
    this.#losses.push(loss);
    this.#accuracies.push(accuracy);
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#loss.draw(this.#seen, this.#losses);
      this.#accuracy.draw(this.#seen, this.#accuracies);
    });
  }
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}
