import { readFile, writeFile } from "node:fs/promises";
import { loadModel } from "../model/load.js";
import { parse } from "./arguments.js";
import { readRows } from "./data.js";
import type { Streams } from "./streams.js";

/** A label a line; with --proba a line of the classes, then each row's probabilities, separated by commas. */
export async function predict(words: readonly string[], { out }: Streams): Promise<void> {
  const options = { output: { type: "string", short: "o" }, proba: { type: "boolean" } } as const;
  const { values, files } = parse(words, options, ["MODEL", "DATA"]);
  const model = loadModel(await readFile(files[0]));
  const { x } = await readRows(files[1]);
  const lines: string[] = [];
  if (values.proba) {
    const k = model.classes.length;
    const probabilities = model.predictProba(x);
    lines.push(model.classes.join(","));
    for (let first = 0; first < probabilities.length; first += k) {
      lines.push(Array.from(probabilities.subarray(first, first + k), (p) => p.toPrecision(6)).join(","));
    }
  } else {
    for (const label of model.predict(x)) lines.push(String(label));
  }
  const text = `${lines.join("\n")}\n`;
  if (values.output) await writeFile(values.output, text);
  else out(text);
}
