/** The training page: sends the user's actions to the worker, and shows the worker's reports. */
import { OptionError } from "../../../src/core/errors.js";
import { Charts } from "./charts.js";
import { ComparisonPanel } from "./comparison.js";
import { ConfusionTable } from "../see/confusion.js";
import { Controls, type ControlsState } from "./controls.js";
import { DigitList } from "../see/digits.js";
import { find } from "../shared/dom.js";
import { Download } from "../shared/download.js";
import * as format from "../shared/format.js";
import { jobOf, limitOf } from "./job.js";
import { ParityPanel } from "./parity.js";
import { type Command, type Failure, type Ready, type Report, type Summary, forDriver } from "./protocol.js";
import { WeightPictures } from "../see/weights.js";
import * as words from "./words.js";

const status = find("#status", HTMLElement);
const progressBar = find("#progress", HTMLProgressElement);
const troubleBox = find("#trouble", HTMLElement);
const testAccuracy = find("#test-accuracy", HTMLElement);
const testWords = find("#test-words", HTMLElement);
const engineWords = find("#engine", HTMLElement);
const mistakesFigure = find("#mistakes", HTMLElement);
const numbers = {
  loss: find("#loss", HTMLElement),
  accuracy: find("#accuracy", HTMLElement),
  gradient: find("#gradient", HTMLElement),
  rate: find("#rate", HTMLElement),
  time: find("#time", HTMLElement),
};

const gradientFigure = find("#gradient-figure", HTMLElement);

const charts = new Charts(find("#loss-chart", HTMLElement), find("#accuracy-chart", HTMLElement));
const weights = new WeightPictures(find("#weights ul", HTMLElement));
const confusion = new ConfusionTable(find("#confusion table", HTMLTableElement));
const sample = new DigitList(find("#sample ul", HTMLElement));
const mistakes = new DigitList(find("#mistakes ul", HTMLElement));
const parity = new ParityPanel();
const download = new Download(find("#download", HTMLAnchorElement));

const controls = new Controls({
  start(job) {
    clear();
    if (ready && (job.engine ?? "auto") === "auto") showEngine(words.autoWords(ready.auto), ready.auto.name);
    const limit = limitOf(job);
    charts.begin(limit);
    gradientFigure.hidden = limit.unit === "epoch";
    say("Uploading the digits.");
    show("training");
    send({ kind: "start", job });
  },
  pause() {
    send({ kind: "pause" });
    show("paused");
    say("Paused.");
  },
  resume() {
    send({ kind: "resume" });
    show("training");
    say("Resumed.");
  },
  stop() {
    send({ kind: "stop" });
    show("stopping");
    say("Stopping.");
  },
  refuse: fail,
});

const comparison = new ComparisonPanel(() => {
  if (state === "comparing") {
    send({ kind: "stop" });
    return comparison.stopping();
  }
  before = state;
  troubleBox.hidden = true;
  comparison.begin();
  send({ kind: "compare", engine: controls.engine });
  show("comparing");
});

let ready: Ready | undefined;
let state: ControlsState = "loading";
/** State to return to after a comparison. */
let before: ControlsState = "idle";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
  hear(data);
  window.reportToDriver?.(forDriver(data));
});
worker.addEventListener("error", ({ message }) =>
  fail(new Error(message || "The worker could not be started.")),
);

parity.clear();
show("loading");
send({ kind: "load", from: new URL("./mnist/", document.baseURI).href });

function hear(report: Report): void {
  switch (report.kind) {
    case "loading":
      progressBar.max = report.total;
      progressBar.value = report.bytes;
      return;
    case "ready":
      ready = report;
      progressBar.value = 0;
      sample.show(report.digits);
      say(words.readyWords(report));
      showEngine(words.autoWords(report.auto), report.auto.name);
      show("idle");
      return begin(new URLSearchParams(location.search));
    case "progress": {
      const { progress, limit } = report;
      progressBar.max = 1;
      progressBar.value = progress.fraction;
      numbers.loss.textContent = format.loss(progress.loss);
      numbers.accuracy.textContent = format.percent(progress.accuracy);
      showGradient(progress);
      numbers.rate.textContent = format.count(progress.examplesPerSecond);
      numbers.time.textContent = format.seconds(progress.elapsed);
      charts.add(progress, limit);
      if (state === "training") say(words.trainingWords(progress, limit));
      return;
    }
    case "evaluating":
      show("evaluating");
      return say("Evaluating the model on all digits.");
    case "ended":
      showSummary(report.summary);
      download.offer(report.file);
      weights.show(report.pictures.weights);
      confusion.show(report.pictures.confusion);
      sample.showAnswers(report.pictures.sample);
      mistakes.showAnswers(report.pictures.mistakes);
      mistakesFigure.hidden = report.pictures.mistakes.length === 0;
      return show("ended");
    case "cancelled":
      say("Stopped before the first step: there is no model.");
      return show("idle");
    case "compared":
      return comparison.add(report.point);
    case "comparison-ended":
      comparison.end(report.stopped);
      return show(before);
    case "failed":
      return fail(report.failure);
  }
}

/** Applies the options in the page's address, and starts at once if it has `auto`. */
function begin(query: URLSearchParams): void {
  try {
    jobOf((option) => query.get(option));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    window.reportToDriver?.({ kind: "failed", failure: { name: error.name, message: error.message } });
    return fail(error);
  }
  controls.fill(query);
  if (query.has("auto")) controls.start();
}

function showSummary(summary: Summary): void {
  testAccuracy.textContent = format.percent(summary.testAccuracy);
  numbers.loss.textContent = format.loss(summary.loss);
  numbers.accuracy.textContent = format.percent(summary.trainAccuracy);
  showGradient(summary);
  testWords.textContent = words.accuracyWords(summary);
  showEngine(words.engineWords(summary), summary.engine.name);
  parity.show(summary.parity);
  say(words.endWords(summary));
}

function showEngine(text: string, name: string): void {
  engineWords.textContent = `${text}${words.threadsWords(name, crossOriginIsolated)}`;
}

function showGradient({ gradientMax }: { readonly gradientMax?: number | undefined }): void {
  if (gradientMax !== undefined) numbers.gradient.textContent = format.rough(gradientMax);
}

function fail(failure: Failure): void {
  const { title, detail } = words.trouble(failure);
  find("#trouble-title", HTMLElement).textContent = title;
  find("#trouble-detail", HTMLElement).textContent = detail;
  troubleBox.hidden = false;
  say("");
  show(ready ? "idle" : "broken");
}

function clear(): void {
  troubleBox.hidden = true;
  testAccuracy.textContent = "–";
  testWords.textContent = "";
  engineWords.textContent = "";
  progressBar.removeAttribute("value");
  for (const number of Object.values(numbers)) number.textContent = "–";
  weights.clear();
  confusion.clear();
  parity.clear();
  download.withdraw();
  mistakesFigure.hidden = true;
  if (ready) sample.show(ready.digits);
}

/** Sets the status text, only when it changes: screen readers announce every assignment. */
function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

function show(next: ControlsState): void {
  state = next;
  document.body.dataset["state"] = next;
  controls.show(next);
  comparison.show(next);
}

function send(command: Command): void {
  worker.postMessage(command);
}
