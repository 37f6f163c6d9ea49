/** Writes the JSON model file, many lines at a time. Saving loads it on demand. */
import type { ModelParts } from "../parts.js";
import { headOf } from "./json.js";
import { NUMBER_BYTES, writeNumber } from "./number-text.js";

/** Bytes around a row of weights, and about so many are written at a time. */
const LINE_BYTES = 16;
const CHUNK_BYTES = 2 ** 22;
const COMMA = 44;

/** Writes the model as JSON text in UTF-8, with one line per part and one per row of weights. */
export function encodeJson(model: ModelParts): Uint8Array<ArrayBuffer> {
  const { training, ...head } = headOf(model);
  const line = ([name, value]: [string, unknown]) => `  "${name}": ${JSON.stringify(value)}`;
  const text = (lines: string) => new TextEncoder().encode(lines);
  const before = Object.entries(head).map(line).join(",\n");
  return joined([
    text(`{\n${before},\n  "weights": [`),
    ...weightLines(model),
    text(`${model.features > 0 ? "\n  " : ""}],\n${line(["training", training])}\n}\n`),
  ]);
}

/** Yields the rows of weights, each on a line of its own, many lines at a time. */
function* weightLines({ weights, classes, features }: ModelParts): Generator<Uint8Array> {
  const k = classes.length;
  const rowBytes = k * (NUMBER_BYTES + 1) + LINE_BYTES;
  const rows = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  for (let first = 0; first < features; first += rows) {
    const past = Math.min(features, first + rows);
    const chunk = new Uint8Array((past - first) * rowBytes);
    let at = 0;
    const put = (characters: string) => {
      for (let n = 0; n < characters.length; n++) chunk[at++] = characters.charCodeAt(n);
    };
    for (let d = first; d < past; d++) {
      put(d > 0 ? ",\n    [" : "\n    [");
      for (let i = d * k; i < (d + 1) * k; i++) {
        if (i > d * k) chunk[at++] = COMMA;
        at = writeNumber(chunk, at, weights[i]);
      }
      put("]");
    }
    yield chunk.slice(0, at);
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
