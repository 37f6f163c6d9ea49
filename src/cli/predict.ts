/**
 * `smigh predict`: writes one label per line, or with --proba a line of classes and then the probabilities of
 * each row.
 */
import type { SoftmaxModel } from "../model/model.js";
import { parse } from "./arguments.js";
import { readModel, readRows } from "./data.js";
import { OutputFile } from "./output.js";
import type { Streams } from "./streams.js";

/** Rows written at a time: the lines of all rows could exceed the longest string. */
const ROWS = 4096;

export async function predictCommand(words: readonly string[], { out }: Streams): Promise<void> {
  const options = { output: { type: "string", short: "o" }, proba: { type: "boolean" } } as const;
  const { values, files } = parse(words, options, ["MODEL", "DATA"]);
  const output = values.output === undefined ? undefined : await OutputFile.prepare(values.output, files);
  const model = await readModel(files[0]);
  const rows = await readRows(files[1]);
  const parts = values.proba
    ? probabilityLines(model, model.predictProba(rows))
    : labelLines(model.predict(rows));
  if (output) await output.write(parts);
  else for (const part of parts) out(part);
}

function* labelLines(labels: readonly unknown[]): Generator<string> {
  for (let first = 0; first < labels.length; first += ROWS) {
    yield `${labels.slice(first, first + ROWS).join("\n")}\n`;
  }
}

/** probabilities: (rows, classes) */
function* probabilityLines({ classes }: SoftmaxModel, probabilities: Float64Array): Generator<string> {
  const k = classes.length;
  yield `${classes.join(",")}\n`;
  for (let first = 0; first < probabilities.length; first += ROWS * k) {
    let text = "";
    const end = Math.min(probabilities.length, first + ROWS * k);
    for (let row = first; row < end; row += k) {
      text += `${Array.from(probabilities.subarray(row, row + k), (p) => p.toPrecision(6)).join(",")}\n`;
    }
    yield text;
  }
}
