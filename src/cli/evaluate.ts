/** `smigh evaluate`: how well a model does on labelled examples. */
import type { Evaluation } from "../model/evaluation.js";
import { UsageError, parse } from "./arguments.js";
import { FORMAT_FLAGS, readAsTrained, readModel, readOffsets } from "./data.js";
import { asPercent } from "./reporter.js";
import type { Streams } from "./streams.js";

export async function evaluateCommand(words: readonly string[], { out }: Streams): Promise<void> {
  const options = {
    ...FORMAT_FLAGS,
    labels: { type: "string" },
    offsets: { type: "string" },
    json: { type: "boolean" },
  } as const;
  const { values, files } = parse(words, options, ["MODEL", "DATA"]);
  const model = await readModel(files[0]);
  const offsets = values.offsets === undefined ? undefined : await readOffsets(values.offsets);
  const { y, ...rows } = await readAsTrained(files[1], model, values);
  if (!y) {
    throw new UsageError(
      `--labels is missing: ${files[1]} has no column of labels, so name the file with the label of each row.`,
    );
  }
  const data = { ...rows, y, ...(offsets && { offsets }) };
  const found = await model.evaluate(data);
  out(values.json ? `${JSON.stringify(found)}\n` : report(found));
}

function report({ examples, loss, accuracy, perClass, calibrationError }: Evaluation): string {
  const rows = perClass.map(({ label, precision, recall, f1, support }) =>
    [String(label), asPercent(precision), asPercent(recall), asPercent(f1), String(support)]
      .map((cell) => cell.padStart(10))
      .join(""),
  );
  const head = ["class", "precision", "recall", "f1", "examples"].map((cell) => cell.padStart(10)).join("");
  return (
    `${examples} examples: loss ${loss.toFixed(4)}, accuracy ${asPercent(accuracy)}, ` +
    `calibration error ${asPercent(calibrationError)}\n${head}\n${rows.join("\n")}\n`
  );
}
