/** Loads a model from a file's bytes, its text or a parsed object. */
import type { Label } from "../data/labels.js";
import { DataError, ModelFileError } from "../core/errors.js";
import { show, tagOf } from "../core/show.js";
import { readModelFile } from "./formats/formats.js";
import { fromJson } from "./formats/json.js";
import { SoftmaxModel } from "./model.js";
import type { GivenParts } from "./parts.js";

/**
 * Reads a model that `model.save` or `model.toJSON` wrote. Reads versions 1 and 2 of the format.
 *
 * @param file the bytes of a model file (a view of an ArrayBuffer or SharedArrayBuffer, or the buffer
 * itself), its text, or the object that `model.toJSON` returned
 * @returns the model, equal to the one that was saved. The type of its labels is the caller's to say: the
 * file is not checked for it
 * @throws {ModelFileError} when the file is truncated, damaged or of another format, or holds what no
 * training makes: numbers that are not finite, a class twice, sizes that disagree. The message says where.
 * @example
 * ```ts
 * const response = await fetch("smigh-model.json");
 * const model = loadModel<string>(await response.arrayBuffer());
 * model.predict([[5.1, 3.5, 1.4, 0.2]]); // string[]
 * ```
 */
export function loadModel<L extends Label = Label>(file: string | object): SoftmaxModel<L> {
  const parts = read(file) as GivenParts<L>;
  try {
    return new SoftmaxModel(parts);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new ModelFileError(`The model file is damaged: ${cause.message}`, { cause });
  }
}

function read(file: unknown): GivenParts {
  if (typeof file === "string") return fromJson(file);
  if (typeof file !== "object" || file === null) {
    throw new ModelFileError(`A model is bytes, text or an object, and this is ${show(file)}.`);
  }
  const bytes = bytesOf(file);
  return bytes ? readModelFile(bytes) : fromJson(textOf(file));
}

/** Copies the bytes of a view or a buffer of any realm: a TextDecoder rejects shared memory. */
function bytesOf(file: object): Uint8Array | undefined {
  if (ArrayBuffer.isView(file)) return copied(file, file.buffer, file.byteOffset);
  return isBuffer(file) ? copied(file, file) : undefined;
}

function copied(
  { byteLength }: ArrayBufferView | ArrayBufferLike,
  buffer: ArrayBufferLike,
  first = 0,
): Uint8Array {
  try {
    return new Uint8Array(buffer, first, byteLength).slice();
  } catch (cause) {
    throw new ModelFileError(`This is no model file: its memory can't be read (${String(cause)}).`, {
      cause,
    });
  }
}

function isBuffer(file: object): file is ArrayBufferLike {
  return ["ArrayBuffer", "SharedArrayBuffer"].includes(tagOf(file));
}

function textOf(file: object): string {
  try {
    return JSON.stringify(file) ?? "";
  } catch (cause) {
    throw new ModelFileError(`This is no model: ${show(file)} that JSON can't hold (${String(cause)}).`, {
      cause,
    });
  }
}
