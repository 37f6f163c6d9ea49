/** `smigh train`: trains on the rows of a file and writes a model file. */
import type { TrainingData } from "../data/dataset.js";
import { TrainerError } from "../core/errors.js";
import { formatOfPath } from "../model/formats/formats.js";
import type { SoftmaxModel } from "../model/model.js";
import type { TrainOptions } from "../train/option-table.js";
import { type Trainer, trainer } from "../train/train.js";
import { TRAIN_FLAGS, parse, trainOptions } from "./arguments.js";
import { COLUMN_FLAGS, FORMAT_FLAGS, readData, readFactors, readModel, readOffsets } from "./data.js";
import { InterruptedError, Interruption, type SignalName } from "./interruption.js";
import { OutputFile } from "./output.js";
import { Reporter, asPercent, unitOf } from "./reporter.js";
import type { Streams } from "./streams.js";

export async function trainCommand(words: readonly string[], streams: Streams): Promise<void> {
  const own = {
    ...FORMAT_FLAGS,
    ...COLUMN_FLAGS,
    offsets: { type: "string" },
    init: { type: "string" }, // a model's file, besides the option's words
    "penalty-factors": { type: "string" }, // a file, besides JSON
    output: { type: "string", short: "o" },
    json: { type: "boolean" },
  } as const;
  const { values, files } = parse(words, { ...TRAIN_FLAGS, ...own }, ["DATA"]);
  const options = trainOptions(values);
  const init = isModelFile(values.init) ? values.init : undefined;
  const factors = isFactorsFile(values["penalty-factors"]) ? values["penalty-factors"] : undefined;
  const inputs = [files[0], values.labels, values.offsets, init, factors].filter(
    (path) => path !== undefined,
  );
  const output = await OutputFile.prepare(values.output ?? "smigh-model.json", inputs);
  const data = {
    ...(await readData(files[0], values)),
    ...(values.offsets !== undefined && { offsets: await readOffsets(values.offsets) }),
  };
  const read = {
    ...(init !== undefined && { init: await readModel(init) }),
    ...(factors !== undefined && { penaltyFactors: await readFactors(factors) }),
  };

  const began = performance.now();
  const model = await trainInto(output, data, { ...options, ...read }, streams);
  const seconds = (performance.now() - began) / 1000;
  const examples = data.y.length;
  for (const { message } of model.warnings) streams.status(`warning: ${message}\n`);
  streams.out(
    values.json
      ? `${JSON.stringify(resultOf(model, examples, seconds, output.path))}\n`
      : inWords(model, examples, seconds, output.path),
  );
}

/** Tells whether --init names a model file: any value but its two words does. */
function isModelFile(init: string | undefined): init is string {
  return init !== undefined && init !== "zeros" && init !== "centroids";
}

/** Tells whether --penalty-factors names a file: any value but a list does. */
function isFactorsFile(factors: string | undefined): factors is string {
  return factors !== undefined && !factors.startsWith("[");
}

/**
 * Trains and writes the model. A signal stops the training: the weights so far are then written, and an
 * InterruptedError that says so is thrown.
 */
async function trainInto(
  output: OutputFile,
  data: TrainingData,
  options: TrainOptions,
  streams: Streams,
): Promise<SoftmaxModel> {
  const format = formatOfPath(output.path);
  const interruption = new Interruption();
  try {
    const fit = trainer(data, { ...options, signal: interruption.signal });
    await runToEnd(fit, interruption.signal, new Reporter(streams, data.notes));
    const { name } = interruption;
    if (!name) {
      await output.write([await fit.model.save(format)]);
      return fit.model;
    }
    const model = weightsSoFar(fit, name);
    await output.write([await model.save(format)]);
    throw new InterruptedError(
      name,
      `${name} ended the training after step ${model.iterations}: the weights so far are in ${output.path}.`,
    );
  } finally {
    interruption.end();
  }
}

/** Runs the training to its end, or until the signal aborts it, and shows its progress. */
async function runToEnd(fit: Trainer, signal: AbortSignal, progress: Reporter): Promise<void> {
  try {
    for await (const report of fit) progress.show(report);
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    progress.end();
  }
}

/**
 * Returns the weights of a stopped training. Throws an InterruptedError where there are none, as before its
 * first step.
 */
function weightsSoFar(fit: Trainer, name: SignalName): SoftmaxModel {
  try {
    return fit.model;
  } catch (cause) {
    if (!(cause instanceof TrainerError)) throw cause;
    const message = `${name} ended the training, and nothing is written. ${cause.message}`;
    throw new InterruptedError(name, message, { cause });
  }
}

/** The object that --json prints. */
function resultOf(model: SoftmaxModel, examples: number, seconds: number, path: string) {
  const { engine, iterations, converged, reason, warnings, parity, history } = model;
  const last = history.at(-1);
  return {
    engine: engine.name,
    adapter: engine.adapter,
    why: engine.why,
    examples,
    ...(unitOf(last) === "epoch" && { epochs: history.length }),
    iterations,
    loss: last?.loss,
    accuracy: last?.accuracy,
    gradientMax: last?.gradientMax,
    validation: last?.validation,
    converged,
    reason,
    warnings,
    seconds,
    parity,
    model: path,
  };
}

/** The lines that are printed without --json. */
function inWords(model: SoftmaxModel, examples: number, seconds: number, path: string): string {
  const { engine, classes, history, reason } = model;
  const last = history.at(-1);
  return (
    `${examples} examples, ${classes.length} classes, on ${engine.name} (${engine.why})\n` +
    `loss ${last?.loss.toFixed(4)}, accuracy ${asPercent(last?.accuracy)} after ` +
    `${history.length} ${unitOf(last)}${history.length === 1 ? "" : "s"}, ${seconds.toFixed(1)} s: ${reason}\n` +
    `${path} is the model\n`
  );
}
