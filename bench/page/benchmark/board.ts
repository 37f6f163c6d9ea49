/** Draws the measured runs: bars of the steps with their spread, and the cold starts. */
import { make } from "../shared/dom.js";
import { count } from "../shared/format.js";
import type { Cold } from "../../measure/contender.js";
import type { Run, Spread } from "../../measure/measure.js";
import { BASE } from "../../measure/report.js";
import { workloads } from "../../measure/workloads.js";
import { duration, significant } from "../../measure/format.js";
import { type Metric, isBounded } from "../../measure/metrics.js";
import { type Card, type Row, onGpu } from "./rows.js";

/** A peak farther away than this many lengths of the longest bar is only named, not drawn. */
const FARTHEST = 4;

/** Values of a full-length bar. */
interface Scale {
  readonly steady: number;
  readonly cold: number;
}

export function drawBoard(board: HTMLElement, cards: readonly Card[], metric: Metric): void {
  board.replaceChildren(...cards.map((card) => drawCard(card, metric)));
}

function drawCard({ workload, rows }: Card, metric: Metric): HTMLElement {
  const runs = rows.flatMap(({ run }) => run ?? []);
  const longest = Math.max(0, ...runs.map((run) => metric.of(run)?.max ?? 0));
  const bounds = isBounded(metric) ? rows.filter(({ peakGflops }) => peakGflops !== undefined) : [];
  const near = bounds.flatMap(({ peakGflops = 0 }) => (peakGflops <= FARTHEST * longest ? peakGflops : []));
  const scale = {
    steady: Math.max(longest, ...near),
    cold: Math.max(0, ...runs.map(({ coldMs }) => coldMs)),
  };
  const columns = ["System", metric.name, `Time × ${BASE}`, "Cold start"].map((textContent, column) =>
    make("th", { scope: "col", textContent, className: ["", "", "ratio", "cold"][column] ?? "" }),
  );
  return make(
    "article",
    {},
    make("h2", { textContent: workload }),
    make("p", { textContent: [shapeOf(workload), metric.note, boundWords(bounds, scale.steady)].join(" ") }),
    make(
      "table",
      {},
      make("caption", { className: "unseen", textContent: `${workload}: ${metric.name} and cold start` }),
      make("thead", {}, make("tr", {}, ...columns)),
      make(
        "tbody",
        {},
        ...rows.map((row, index) => drawRow(row, metric, scale, row.system === rows[index - 1]?.system)),
      ),
    ),
  );
}

/** Says which peaks the lines mark, and which are too far away to be drawn. */
function boundWords(rows: readonly Row[], scale: number): string {
  const told = [false, true].flatMap((loaded) =>
    [true, false].flatMap((gpu) => {
      const row = rows.find((row) => row.loaded === loaded && onGpu(row.system) === gpu);
      if (row?.peakGflops === undefined) return [];
      const [what, where] = [gpu ? "adapter" : "WebAssembly", loaded ? "loaded" : "this machine"];
      const far = row.peakGflops > scale ? ", off the scale" : "";
      return `${what} ${significant(row.peakGflops)} GFLOP/s (${where}${far})`;
    }),
  );
  return told.length > 0 ? `The line marks the peak multiply-add rate: ${told.join("; ")}.` : "";
}

function shapeOf(name: string): string {
  const workload = workloads.find((one) => one.name === name);
  if (!workload) return "";
  const { features, classes, batch } = workload;
  return `${count(features)} features × ${count(classes)} classes, batch ${count(batch)}.`;
}

/** Draws a row. `below`: the row above is of the same system, so the name need not be repeated. */
function drawRow(row: Row, metric: Metric, scale: Scale, below: boolean): HTMLTableRowElement {
  const { system, loaded, run, failure, doing } = row;
  const idle = doing === undefined ? "" : "waiting";
  const head = make(
    "th",
    { scope: "row" },
    make("span", { textContent: system }),
    make("small", { textContent: loaded ? "loaded" : doing || run?.adapter || idle }),
  );
  if (loaded && run) head.title = run.adapter;
  const line = make("tr", { className: [loaded ? "loaded" : "", below ? "below" : ""].join(" ") }, head);
  line.dataset["library"] = libraryOf(system);
  line.dataset["on"] = onGpu(system) ? "gpu" : "cpu";
  if (run) {
    line.append(steadyCell(run, row, metric, scale.steady), ratioCell(row), coldCell(run, scale.cold));
  } else if (failure !== undefined) {
    const reason = make("td", { colSpan: 3, className: "failed" });
    reason.append(make("b", { textContent: "Failed. " }), failure);
    line.append(reason);
  } else {
    line.append(make("td", { colSpan: 3 }));
  }
  return line;
}

function steadyCell(run: Run, { peakGflops }: Row, metric: Metric, scale: number): HTMLTableCellElement {
  const spread = metric.of(run);
  if (!spread) return make("td", { className: "absent", textContent: "not counted" });
  const { min, median, max } = spread;
  const track = spreadBar(spread, scale);
  const lines = [run.samples === 1 ? "one sample" : `${metric.format(min)} – ${metric.format(max)}`];
  if (peakGflops !== undefined && isBounded(metric)) {
    const share = (100 * median) / peakGflops;
    lines.push(`${share < 0.1 ? "under 0.1" : share.toFixed(1)} % of the peak`);
    if (peakGflops <= scale) track.append(placed("peak", { "--at": peakGflops / scale }));
  }
  return make(
    "td",
    { className: "steady" },
    track,
    make(
      "span",
      { className: "value" },
      make("b", { textContent: metric.format(median) }),
      ...lines.map((textContent) => make("small", { textContent })),
    ),
  );
}

function ratioCell({ ratio }: Row): HTMLTableCellElement {
  return make("td", {
    className: "ratio",
    textContent: ratio === undefined ? "" : `${significant(ratio)} ×`,
  });
}

function coldCell({ coldMs, cold }: Run, scale: number): HTMLTableCellElement {
  return make(
    "td",
    { className: "cold" },
    cold ? coldBar(cold, scale) : make("span", { className: "track" }, fill(coldMs / scale)),
    make("span", { className: "value" }, make("b", { textContent: duration(coldMs) })),
  );
}

/** A bar from zero to the median, with a line from the least to the most. */
function spreadBar({ min, median, max }: Spread, scale: number): HTMLElement {
  return make(
    "span",
    { className: "track" },
    fill(median / scale),
    placed("spread", { "--from": min / scale, "--to": max / scale }),
  );
}

function coldBar({ loadMs, openMs, firstStepMs }: Cold, scale: number): HTMLElement {
  const parts = [loadMs, openMs, firstStepMs].map((part) => fill(part / scale));
  const title =
    `load ${duration(loadMs)}, start and upload ${duration(openMs)}, ` +
    `compile and first step ${duration(firstStepMs)}`;
  return make("span", { className: "track", title }, ...parts);
}

function fill(share: number): HTMLElement {
  return placed("fill", { "--length": share });
}

function placed(className: string, places: Readonly<Record<string, number>>): HTMLElement {
  const element = make("span", { className });
  for (const [name, place] of Object.entries(places)) element.style.setProperty(name, place.toFixed(5));
  return element;
}

/** The library in a system's name; style.css has a colour for each known one. */
export function libraryOf(system: string): string {
  return system.split("/")[0] ?? "";
}
