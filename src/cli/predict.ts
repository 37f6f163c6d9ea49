/**
 * `smigh predict`: writes one label per line, or with --proba a line of classes and then the probabilities of
 * each row.
 */
import type { Label } from "../data/labels.js";
import type { SoftmaxModel } from "../model/model.js";
import type { Predictor } from "../model/predictor.js";
import { parse } from "./arguments.js";
import { readModel, readRows } from "./data.js";
import { OutputFile } from "./output.js";
import type { Streams } from "./streams.js";

/** Rows that are predicted and written at a time have about this many probabilities. */
const VALUES = 2 ** 22;

type Rows = Awaited<ReturnType<typeof readRows>>;

export async function predictCommand(words: readonly string[], { out }: Streams): Promise<void> {
  const options = { output: { type: "string", short: "o" }, proba: { type: "boolean" } } as const;
  const { values, files } = parse(words, options, ["MODEL", "DATA"]);
  const output = values.output === undefined ? undefined : await OutputFile.prepare(values.output, files);
  const model = await readModel(files[0]);
  const rows = await readRows(files[1]);
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
function* cut({ classes }: SoftmaxModel, { x, features }: Rows): Generator<Rows> {
  const values = features * Math.max(1, Math.floor(VALUES / classes.length));
  for (let first = 0; first < x.length; first += values) {
    yield { x: x.subarray(first, first + values), features };
  }
}

/** Quotes a label where a comma, a quote or a line break in it would be taken for the file's own. */
function csvCell(label: Label): string {
  const text = String(label);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
