import { readFile, writeFile } from "node:fs/promises";
import { loadModel } from "../model/load.js";
import type { TrainOptions } from "../options.js";
import type { Progress } from "../progress.js";
import { train as fit } from "../train.js";
import { TRAIN_FLAGS, UsageError, parse, trainOptions } from "./arguments.js";
import { readLabels, readRows } from "./data.js";
import type { Streams } from "./streams.js";

export async function train(words: readonly string[], streams: Streams): Promise<void> {
  const own = {
    labels: { type: "string" },
    output: { type: "string", short: "o" },
    json: { type: "boolean" },
  } as const;
  const { values, files } = parse(words, { ...TRAIN_FLAGS, ...own }, ["DATA"]);
  if (!values.labels)
    throw new UsageError("--labels is missing: name the IDX file with the label of each row.");
  const path = values.output ?? "smigh-model.json";
  const rows = await readRows(files[0]);
  const y = await readLabels(values.labels);
  const start = await startOf(values.init);

  const began = performance.now();
  const progress = new Reporter(streams);
  const model = await fit(
    { ...rows, y },
    { ...trainOptions(values), ...start, onProgress: (report) => progress.show(report) },
  ).finally(() => progress.end());
  const seconds = (performance.now() - began) / 1000;
  await writeFile(path, model.save());

  const { engine, iterations, converged, reason, parity, history } = model;
  const last = history.at(-1);
  const unit = unitOf(last);
  if (values.json) {
    const result = {
      engine: engine.name,
      adapter: engine.adapter,
      why: engine.why,
      examples: y.length,
      ...(unit === "epoch" && { epochs: history.length }),
      iterations,
      loss: last?.loss,
      accuracy: last?.accuracy,
      gradientMax: last?.gradientMax,
      validation: last?.validation,
      converged,
      reason,
      seconds,
      parity,
      model: path,
    };
    streams.out(`${JSON.stringify(result)}\n`);
    return;
  }
  streams.out(
    `${y.length} examples, ${model.classes.length} classes, on ${engine.name} (${engine.why})\n` +
      `loss ${last?.loss.toFixed(4)}, accuracy ${percent(last?.accuracy)} after ${history.length} ${unit}` +
      `${history.length === 1 ? "" : "s"}, ${seconds.toFixed(1)} s: ${reason}\n` +
      `${path} is the model\n`,
  );
}

/** What is counted: iterations where there is a gradient to be looked at after each. */
function unitOf(one: { readonly gradientMax?: number } | undefined): "epoch" | "iteration" {
  return one?.gradientMax === undefined ? "epoch" : "iteration";
}

/** What is neither word is the file of a model to go on from. */
async function startOf(init: string | undefined): Promise<Pick<TrainOptions, "init">> {
  if (init === undefined) return {};
  if (init === "zeros" || init === "centroids") return { init };
  return { init: loadModel(await readFile(init)) };
}

/** One line that is written over on a terminal; else a line an epoch, or in ten iterations. */
class Reporter {
  readonly #streams: Streams;
  #latest: Progress | undefined;

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  show(progress: Progress): void {
    const { status, live } = this.#streams;
    if (live) status(`\r\u001b[K${lineOf(progress)}`);
    else if (this.#latest && tick(progress) > tick(this.#latest)) status(`${lineOf(this.#latest)}\n`);
    this.#latest = progress;
  }

  /** Leaves the last line there, however the training ended. */
  end(): void {
    const { status, live } = this.#streams;
    if (this.#latest) status(live ? "\n" : `${lineOf(this.#latest)}\n`);
  }
}

function tick(progress: Progress): number {
  return unitOf(progress) === "epoch" ? progress.epoch : Math.floor(progress.epoch / 10);
}

function lineOf(progress: Progress): string {
  const { epoch, loss, accuracy, gradientMax, examplesPerSecond, fraction, validation } = progress;
  const gradient = gradientMax === undefined ? "" : `  gradient ${gradientMax.toExponential(1)}`;
  const watched = validation
    ? `  validation ${validation.loss.toFixed(4)} ${percent(validation.accuracy)}`
    : "";
  return (
    `${percent(fraction).padStart(7)}  ${unitOf(progress)} ${epoch}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}` +
    `${gradient}  ${Math.round(examplesPerSecond)} examples/s${watched}`
  );
}

export function percent(share: number | undefined): string {
  return share === undefined ? "?" : `${(100 * share).toFixed(1)} %`;
}
