import { ModelFileError } from "../errors.js";
import { fromJson } from "./json.js";
import { SoftmaxModel } from "./model.js";

/** Reads a file that `model.save` wrote. Throws a ModelFileError when it is truncated, damaged or of another format. */
export function loadModel(file: Uint8Array | ArrayBuffer | string): SoftmaxModel {
  const text = typeof file === "string" ? file : decode(file);
  return new SoftmaxModel(fromJson(text));
}

function decode(file: Uint8Array | ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(file);
  } catch (cause) {
    throw new ModelFileError(`This is no model file: its ${file.byteLength} bytes are not UTF-8 text.`, {
      cause,
    });
  }
}
