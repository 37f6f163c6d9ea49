import { writeFile } from "node:fs/promises";
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

  const began = performance.now();
  const model = await fit({ ...rows, y }, { ...trainOptions(values), onProgress: reporter(streams) });
  const seconds = (performance.now() - began) / 1000;
  await writeFile(path, model.save());

  const last = model.history.at(-1);
  if (values.json) {
    const { engine, iterations, converged, reason, parity, history } = model;
    const result = {
      engine: engine.name,
      adapter: engine.adapter,
      why: engine.why,
      examples: y.length,
      epochs: history.length,
      iterations,
      loss: last?.loss,
      accuracy: last?.accuracy,
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
    `${y.length} examples, ${model.classes.length} classes, on ${model.engine.name} (${model.engine.why})\n` +
      `${model.reason}: loss ${last?.loss.toFixed(4)}, accuracy ${percent(last?.accuracy)} in ${seconds.toFixed(1)} s\n` +
      `${path} is the model\n`,
  );
}

/** One line that is written over on a terminal; else a line an epoch. */
function reporter({ status, live }: Streams): (progress: Progress) => void {
  let previous: Progress | undefined;
  return (progress) => {
    const last = progress.fraction === 1;
    if (live) status(`\r\u001b[K${lineOf(progress)}${last ? "\n" : ""}`);
    if (!live && previous && progress.epoch > previous.epoch) status(`${lineOf(previous)}\n`);
    if (!live && last) status(`${lineOf(progress)}\n`);
    previous = progress;
  };
}

function lineOf({ epoch, loss, accuracy, examplesPerSecond, fraction, validation }: Progress): string {
  const watched = validation
    ? `  validation ${validation.loss.toFixed(4)} ${percent(validation.accuracy)}`
    : "";
  return (
    `${percent(fraction).padStart(7)}  epoch ${epoch}  loss ${loss.toFixed(4)}  accuracy ${percent(accuracy)}` +
    `  ${Math.round(examplesPerSecond)} examples/s${watched}`
  );
}

export function percent(share: number | undefined): string {
  return share === undefined ? "?" : `${(100 * share).toFixed(1)} %`;
}
