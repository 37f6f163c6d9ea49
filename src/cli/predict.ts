/**
 * `smigh predict`: writes one label per line, or with --proba a line of classes and then the probabilities of
 * each row.
 */
import { DataError } from "../core/errors.js";
import type { ReadRows } from "../data/read.js";
import type { Label } from "../data/labels.js";
import type { SoftmaxModel } from "../model/model.js";
import type { Predictor } from "../model/predictor.js";
import { parse } from "./arguments.js";
import { FORMAT_FLAGS, readAsTrained, readModel, readOffsets } from "./data.js";
import { OutputFile } from "./output.js";
import type { Streams } from "./streams.js";

/** Rows that are predicted and written at a time have about this many probabilities. */
const VALUES = 2 ** 22;

interface Rows extends Pick<ReadRows, "x" | "features"> {
  readonly offsets?: readonly ArrayLike<number>[];
}

export async function predictCommand(words: readonly string[], { out, status }: Streams): Promise<void> {
  const options = {
    ...FORMAT_FLAGS,
    output: { type: "string", short: "o" },
    offsets: { type: "string" },
    proba: { type: "boolean" },
  } as const;
  const { values, files } = parse(words, options, ["MODEL", "DATA"]);
  const inputs = [...files, values.offsets].filter((one) => one !== undefined);
  const output = values.output === undefined ? undefined : await OutputFile.prepare(values.output, inputs);
  const model = await readModel(files[0]);
  const offsets = values.offsets === undefined ? undefined : await readOffsets(values.offsets);
  const found = await readAsTrained(files[1], model, values);
  const rows = { ...found, ...(offsets && { offsets }) };
  const count = rows.x.length / rows.features;
  if (offsets && offsets.length !== count) {
    throw new DataError(`${values.offsets} has ${offsets.length} rows, and ${files[1]} has ${count}.`);
  }
  if (found.kept) for (const note of found.notes) status(`${note}\n`); // rows that have no line
  const predictor = await model.predictor();
  try {
    const parts = (values.proba ? probabilityLines : labelLines)(model, predictor, rows);
    if (output) await output.write(parts);
    else for await (const part of parts) out(part);
  } finally {
    await predictor.close();
  }
}

async function* labelLines(model: SoftmaxModel, predictor: Predictor, rows: Rows): AsyncGenerator<string> {
  for (const part of cut(model, rows)) yield `${(await predictor.predict(part)).map(csvCell).join("\n")}\n`;
}

async function* probabilityLines(
  model: SoftmaxModel,
  predictor: Predictor,
  rows: Rows,
): AsyncGenerator<string> {
  const k = model.classes.length;
  yield `${model.classes.map(csvCell).join(",")}\n`;
  for (const part of cut(model, rows)) {
    const probabilities = await predictor.predict(part, { output: "probabilities" });
    let text = "";
    for (let row = 0; row < probabilities.length; row += k) {
      text += `${Array.from(probabilities.subarray(row, row + k), (p) => p.toPrecision(6)).join(",")}\n`;
    }
    yield text;
  }
}

/** Cuts rows into parts, of which the text fits a string. */
function* cut({ classes }: SoftmaxModel, { x, features, offsets }: Rows): Generator<Rows> {
  const k = classes.length;
  const rows = Math.max(1, Math.floor(VALUES / k));
  for (let first = 0; first * features < x.length; first += rows) {
    const past = first + rows;
    const part = { x: x.subarray(first * features, past * features), features };
    yield { ...part, ...(offsets && { offsets: offsets.slice(first, past) }) };
  }
}

/** Quotes a label where a comma, a quote or a line break in it would be taken for the file's own. */
function csvCell(label: Label): string {
  const text = String(label);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
