import { ModelFileError } from "../core/errors.js";
import { show, tagOf } from "../core/show.js";
import { fromJson } from "./formats/json.js";
import { SoftmaxModel } from "./model.js";

/**
 * Reads a model: the bytes that `model.save` wrote (any view of an ArrayBuffer or SharedArrayBuffer, or the
 * buffer itself), their text, or the object that `model.toJSON` made. Versions 1 and 2 of the file are read.
 *
 * @throws {ModelFileError} when it is truncated, damaged, of another format, or holds what no training makes:
 * numbers that are not finite, a class twice, sizes that disagree. The message says where.
 */
export function loadModel(file: string | object): SoftmaxModel {
  return new SoftmaxModel(fromJson(textOf(file)));
}

function textOf(file: unknown): string {
  if (typeof file === "string") return file;
  if (typeof file !== "object" || file === null) {
    throw new ModelFileError(`A model is bytes, text or an object, and this is ${show(file)}.`);
  }
  if (ArrayBuffer.isView(file)) return decode(file, file.buffer, file.byteOffset);
  if (isBuffer(file)) return decode(file, file);
  try {
    return JSON.stringify(file) ?? "";
  } catch (cause) {
    throw new ModelFileError(`This is no model: ${show(file)} that JSON can't hold (${String(cause)}).`, {
      cause,
    });
  }
}

/** Takes objects of any realm. */
function isBuffer(file: object): file is ArrayBufferLike {
  return ["ArrayBuffer", "SharedArrayBuffer"].includes(tagOf(file));
}

/** A copy is decoded: a TextDecoder takes no shared memory. */
function decode(
  { byteLength }: ArrayBufferView | ArrayBufferLike,
  buffer: ArrayBufferLike,
  first = 0,
): string {
  try {
    const bytes = new Uint8Array(buffer, first, byteLength).slice();
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ModelFileError(`This is no model file: its ${byteLength} bytes are not UTF-8 text.`, { cause });
  }
}
