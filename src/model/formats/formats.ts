/** The file formats of models: one row each. */
import type { GivenParts, ModelParts } from "../parts.js";
import { decodeJson } from "./json.js";

/** How to recognise, read and write a format. */
interface ModelFormat {
  /** The ending of its files' names, with the dot. */
  readonly ending: string;
  /** Tells by the content whether a file is of this format. Absent for JSON, as which all others are read. */
  readonly recognises?: (bytes: Uint8Array) => boolean;
  /** Throws a ModelFileError where the file is damaged. */
  readonly read: (bytes: Uint8Array) => GivenParts;
  readonly write: (model: ModelParts) => Promise<Uint8Array<ArrayBuffer>>;
}

const TABLE = {
  json: {
    ending: ".json",
    read: decodeJson,
    write: async (model) => (await import("./write-json.js")).encodeJson(model),
  },
} as const satisfies Readonly<Record<string, ModelFormat>>;

export type FormatName = keyof typeof TABLE;

export const FORMATS: Readonly<Record<FormatName, ModelFormat>> = TABLE;

/** Reads a file in the format that recognises it, else as JSON. Throws a ModelFileError. */
export function readModelFile(bytes: Uint8Array): GivenParts {
  const format = Object.values(FORMATS).find(({ recognises }) => recognises?.(bytes)) ?? FORMATS.json;
  return format.read(bytes);
}

/** Tells whether there is a format of that name. */
export function isFormat(name: unknown): name is FormatName {
  return typeof name === "string" && Object.hasOwn(FORMATS, name);
}

/** Returns the format that a file's name ends as, else JSON. */
export function formatOfPath(path: string): FormatName {
  return (
    Object.keys(FORMATS)
      .filter(isFormat)
      .find((name) => path.endsWith(FORMATS[name].ending)) ?? "json"
  );
}
