/** Finds the files of a path or a pattern, in Node. */
import { DataError } from "../../core/errors.js";
import { openBytes } from "./byte-stream.js";
import { type DataFile, once } from "./data-file.js";
import type { FileHandle, NodeModules } from "./node-modules.js";

/** Bytes that are read at a time. */
const CHUNK_BYTES = 2 ** 20;

/**
 * Opens the file at a path, or all whose paths match a pattern, in the order of their names: `*` and `?`
 * stand for characters of a name, and `**` for folders.
 */
export async function openPaths(pattern: string, node: NodeModules): Promise<DataFile[]> {
  const { createReadStream, promises } = node("node:fs");
  const bytesOf = (name: string) => named(createReadStream(name, { highWaterMark: CHUNK_BYTES }), name);
  const open = async (name: string): Promise<DataFile> => {
    const stat = await promises.stat(name).catch(() => undefined); // what is missing is an error when it is read
    const isPipe = stat && (stat.isFIFO() || stat.isCharacterDevice() || stat.isSocket());
    if (isPipe) return once(name, bytesOf(name));
    const whole = () => openBytes(bytesOf(name), name);
    if (!stat?.isFile()) return { name, open: whole };
    const slice = async (start: number, end: number) => readPart(await promises.open(name), start, end);
    return { name, open: whole, size: stat.size, slice };
  };
  const wild = pattern.search(/[*?]/);
  if (wild < 0) return [await open(pattern)];
  const base = pattern.slice(0, pattern.slice(0, wild).lastIndexOf("/") + 1);
  const found = await promises.readdir(base || ".", { recursive: true });
  const matches = expressionOf(pattern.slice(base.length));
  const names = found.map((name) => name.replaceAll("\\", "/")).filter((name) => matches.test(name));
  if (names.length === 0) throw new DataError(`${pattern}: no file matches it.`);
  return Promise.all(names.toSorted().map((name) => open(base + name)));
}

/** Reads the bytes from `start` up to `end`, or fewer where the file ends before. Closes the file. */
async function readPart(file: FileHandle, start: number, end: number): Promise<ArrayBuffer> {
  try {
    const bytes = new Uint8Array(end - start);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled === bytes.length ? bytes.buffer : bytes.buffer.slice(0, filled);
  } finally {
    await file.close();
  }
}

/** Names the file where it cannot be read. */
async function* named(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`${name} cannot be read: ${why}.`, { cause });
  }
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*|\?)/).map((part) => {
    if (part === "**/") return "(.*/)?";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : part.replace(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${parts.join("")}$`);
}
