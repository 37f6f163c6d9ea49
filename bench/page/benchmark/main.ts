/** The benchmark's page, for people and for `npm run bench`: measures in a worker and shows the results. */
import { drawBoard } from "./board.js";
import { ChoiceForm, type ChoiceState } from "./form.js";
import { cpuPeak } from "../../measure/cpu-peak.js";
import { onResultFile } from "./files.js";
import { type GpuAndPeak, describeMachine, findGpuInfo, gpuAndPeak } from "../../measure/machine.js";
import { machinePanel } from "./machine-panel.js";
import { metrics } from "../../measure/metrics.js";
import { perform } from "../../measure/perform.js";
import { emptyResult, isOfSweep, withProgress, without } from "../../measure/record.js";
import { type Result, higherPeaks } from "../../measure/result.js";
import { type Doing, cardsOf, inOrder } from "./rows.js";
import { SweepPlot } from "./batch-plot.js";
import * as words from "./words.js";
import type { Notice, Measured, Run } from "../../measure/measure.js";
import { find, make } from "../shared/dom.js";
import { Download } from "../shared/download.js";
import { markdown } from "../../measure/report.js";
import { workloads } from "../../measure/workloads.js";

declare global {
  interface Window {
    /** Called by the driver. */
    benchmark: {
      gpuAndPeaks(): Promise<GpuAndPeak>;
      measure(workload: string, systems: readonly string[]): Promise<Measured>;
    };
    /** Provided by the driver. */
    reportProgress?: (progress: string) => void;
  }
}

/** Address of the digits, resolved here because the worker's own address differs from the page's. */
const mnist = new URL("./mnist/", document.baseURI).href;

window.benchmark = {
  gpuAndPeaks,
  measure: (workload, systems) =>
    perform({ workload, systems, sweep: false, mnist }, (event) => {
      if (event.kind === "doing") window.reportProgress?.(`${event.system} ${event.what}`);
    }),
};

const status = find("#status", HTMLElement);
const progressBar = find("#progress", HTMLProgressElement);
const troubles = find("#trouble", HTMLElement);
const board = find("#board", HTMLElement);
const key = find("#key", HTMLElement);
const metricChoice = find("#metrics", HTMLFieldSetElement);
const sweepSection = find("#sweep", HTMLElement);
const machines = find("#machines", HTMLElement);
const theirLine = find("#theirs", HTMLElement);
const copyButton = find("#copy", HTMLButtonElement);
const download = new Download(find("#download", HTMLAnchorElement));
const plots = new Map<string, SweepPlot>();

let own = emptyResult();
let theirs: { readonly result: Result; readonly name: string } | undefined;
let doing: readonly Doing[] = [];
let [metric] = metrics;
let controller = new AbortController();

const form = new ChoiceForm({
  start: (sweep) => void run(sweep),
  stop() {
    controller.abort();
    say("Stopping.");
    show("stopping");
  },
});

onResultFile({
  loaded: (result, name) => showTheirs({ result, name }),
  refused: (name, error) => trouble(`${name} is not a benchmark result`, error.message),
});
copyButton.addEventListener("click", () => void copy());
offerMetrics();
void lookAround();

/** Measures the chosen workloads one after another, or sweeps their batch sizes. */
async function run(sweep: boolean): Promise<void> {
  const chosen = form.chosen;
  controller = new AbortController();
  const { signal } = controller;
  show("running");
  troubles.replaceChildren();
  progressBar.removeAttribute("value");
  try {
    say("Measuring the peaks of the adapter and the processor.");
    await measurePeaks();
    for (const [index, workload] of chosen.workloads.entries()) {
      signal.throwIfAborted();
      say(words.measuringWords(workload, index, chosen.workloads.length, sweep));
      own = without(own, workload, sweep);
      doing = chosen.systems.map((system) => ({ workload, system, what: "" }));
      draw(sweep);
      await runOne(workload, chosen.systems, sweep, signal, (fraction) => {
        progressBar.value = (index + fraction) / chosen.workloads.length;
      });
    }
    await measurePeaks();
    say(words.doneWords(own, chosen.workloads, sweep));
    progressBar.value = 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    say(words.STOPPED);
    progressBar.value = 0;
  } finally {
    doing = [];
    draw(sweep);
    show("ended");
  }
}

/** Measures one workload. A failure is shown, and other workloads go on; rejects only when aborted. */
async function runOne(
  workload: string,
  names: readonly string[],
  sweep: boolean,
  signal: AbortSignal,
  onFraction: (fraction: number) => void,
): Promise<void> {
  const hear = (event: Notice) => {
    if (event.kind === "doing") {
      onFraction(event.fraction);
      doing = doing.map((one) => (one.system === event.system ? event : { ...one, what: "" }));
    } else {
      own = withProgress(own, event, sweep);
    }
    draw(sweep);
  };
  try {
    const { disagreements } = await perform({ workload, systems: names, sweep, mnist }, hear, signal);
    own = { ...own, disagreements: [...own.disagreements, ...disagreements] };
    if (disagreements.length > 0)
      trouble("The losses disagree, so nothing was timed", disagreements.join(" "));
  } catch (error) {
    signal.throwIfAborted();
    trouble(`The measurement of ${workload} failed`, messageOf(error));
  }
}

/** Measures the peaks, before and after the steps that are compared with them, in the same session. */
async function measurePeaks(): Promise<void> {
  try {
    own = { ...own, ...higherPeaks(own, await gpuAndPeaks()) };
  } catch (error) {
    trouble("The measurement of the peaks failed", messageOf(error));
  }
  drawMachines();
}

/** Measures the two peaks one after another, since a software adapter uses the processor too. */
async function gpuAndPeaks(): Promise<GpuAndPeak> {
  return { ...(await gpuAndPeak()), ...(await cpuPeak()) };
}

/** Shows the machine before anything is measured. */
async function lookAround(): Promise<void> {
  const adapter = await findGpuInfo();
  if (adapter) own = { ...own, gpu: describeMachine(adapter) };
  drawMachines();
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(markdown(own, workloads));
    say("Copied the tables as Markdown.");
  } catch (error) {
    trouble("The browser does not allow this page to copy", messageOf(error));
  }
}

function draw(sweep: boolean): void {
  const cards = cardsOf(own, theirs?.result, sweep ? [] : doing);
  drawBoard(board, cards, metric);
  key.hidden = cards.length === 0;
  drawMetrics([...own.runs, ...(theirs?.result.runs ?? [])]);
  if (sweep) drawSweeps();
  const any = own.runs.length + own.sweep.length + own.failures.length > 0;
  copyButton.disabled = !any;
  if (any) download.offer(JSON.stringify(own, null, 2));
  else download.withdraw();
}

/** Draws a plot for each workload that has been swept or is being swept. */
function drawSweeps(): void {
  const results = theirs ? [own, theirs.result] : [own];
  const swept = results.flatMap(({ sweep, failures }) => [...sweep, ...failures.filter(isOfSweep), ...doing]);
  const names = inOrder(
    swept.map(({ workload }) => workload),
    workloads,
  );
  for (const name of names) {
    const plot = plots.get(name) ?? new SweepPlot(name);
    plots.set(name, plot);
    const here = ({ workload }: { readonly workload: string }) => workload === name;
    plot.show(
      own.sweep.filter(here),
      theirs?.result.sweep.filter(here) ?? [],
      own.failures.filter((failure) => here(failure) && isOfSweep(failure)),
      doing.find((one) => here(one) && one.what !== ""),
    );
  }
  sweepSection.hidden = names.length === 0;
  sweepSection.replaceChildren(...names.flatMap((name) => plots.get(name)?.figure ?? []));
}

function drawMachines(): void {
  machines.replaceChildren(
    machinePanel("This machine", own, "none: WebGPU is not available"),
    ...(theirs ? [machinePanel(theirs.name, theirs.result, "not in the file")] : []),
  );
}

/** Shows a loaded result next to the page's own, or removes it. */
function showTheirs(file: typeof theirs): void {
  theirs = file;
  theirLine.hidden = !file;
  theirLine.replaceChildren();
  if (file) {
    const remove = make("button", { type: "button", textContent: "Remove" });
    remove.addEventListener("click", () => showTheirs(undefined));
    theirLine.append(words.theirWords(file.name, file.result), " ", remove);
  }
  draw(false);
  drawSweeps();
  drawMachines();
}

function offerMetrics(): void {
  for (const one of metrics) {
    const input = make("input", { type: "radio", name: "metric", value: one.key, checked: one === metric });
    input.addEventListener("change", () => {
      metric = one;
      draw(false);
    });
    metricChoice.append(make("label", {}, input, make("span", { textContent: one.name })));
  }
}

/** Hides metrics that no run has. */
function drawMetrics(runs: readonly Run[]): void {
  const labels = metricChoice.querySelectorAll("label");
  for (const [index, one] of metrics.entries()) {
    const label = labels[index];
    if (label) label.hidden = runs.every((run) => one.of(run) === undefined);
  }
  metricChoice.hidden = runs.length === 0;
}

function trouble(title: string, detail: string): void {
  troubles.append(make("h2", { textContent: title }), make("p", { textContent: detail }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Sets the status text, only when it changes: screen readers announce every assignment. */
function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function show(state: ChoiceState): void {
  document.body.dataset["state"] = state;
  form.show(state);
}
