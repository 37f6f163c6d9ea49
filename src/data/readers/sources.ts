/** What users read from: paths, URLs, files, bytes and streams, each as bytes with a name. */
import { DataError } from "../../core/errors.js";
import { type ByteSource, asBytes, openBytes } from "./byte-stream.js";
import { type DataFile, once } from "./data-file.js";
import { nodeModules } from "./node-modules.js";

/**
 * What `read` reads: a path or a pattern such as "data/*.csv" (in Node), a URL, a `File` or `Blob`, bytes, a
 * `Response`, or a stream of bytes.
 */
export type DataSource = string | URL | Blob | Response | ReadableStream<Uint8Array> | ByteSource;

/** Returns the files of a source: one, or all that match a pattern, in the order of their names. */
export async function openSource(source: DataSource): Promise<DataFile[]> {
  if (typeof source === "string" || source instanceof URL) return openNamed(source);
  if (source instanceof Blob) {
    const name = source instanceof File ? source.name : "the blob";
    const open = () => openBytes(chunksOf(source.stream()), name);
    return [{ name, open, size: source.size, slice: (start, end) => source.slice(start, end).arrayBuffer() }];
  }
  if (source instanceof Response) {
    const name = source.url || "the response";
    return [once(name, bodyOf(source, name))];
  }
  if (source instanceof ReadableStream) return [once("the stream", chunksOf(source))];
  if (Symbol.asyncIterator in source) return [once("the stream", source)];
  const bytes = asBytes(source) ?? new Uint8Array(0);
  const open = () => openBytes(source, "the bytes");
  const slice = async (start: number, end: number) => new Uint8Array(bytes.subarray(start, end)).buffer;
  return [{ name: "the bytes", open, size: bytes.length, slice }];
}

async function openNamed(source: string | URL): Promise<DataFile[]> {
  const name = String(source);
  const node = nodeModules();
  if (/^file:/i.test(name) && node) return openNamed(node("node:url").fileURLToPath(name));
  if (node && !/^(https?|data|blob):/i.test(name)) {
    const { openPaths } = await import("./paths.js");
    return openPaths(name, node);
  }
  return [atUrl(name, await fetchOr(name))];
}

/** Fetches a URL. Throws a DataError where the answer is none that has it. */
async function fetchOr(name: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(name, init).catch((cause: unknown) => {
    throw new DataError(`${name}: cannot be fetched: ${String(cause)}.`, { cause });
  });
  if (response.ok) return response;
  throw new DataError(`${name}: cannot be fetched; the answer is ${response.status} ${response.statusText}.`);
}

/** A file at a URL. Once its server sends a part of it, the rest of the whole is not waited for. */
function atUrl(name: string, response: Response): DataFile {
  const { headers, body } = response;
  let whole = once(name, bodyOf(response, name));
  const open = () => whole.open();
  const size = Number(headers.get("content-length") ?? Number.NaN);
  if (!(size > 0) || headers.has("content-encoding") || !/^https?:/i.test(name)) return { name, open };
  return {
    name,
    open,
    size,
    async slice(start, end) {
      const answer = await fetchOr(name, { headers: { range: `bytes=${start}-${end - 1}` } });
      // Servers of other origins rarely let pages see which part it is, so that its size has to do.
      const range = answer.headers.get("content-range") ?? `bytes ${start}-${end - 1}/`;
      if (answer.status !== 206 || !range.startsWith(`bytes ${start}-${end - 1}/`)) {
        await answer.body?.cancel();
        return undefined;
      }
      const part = await answer.arrayBuffer();
      await body?.cancel().catch(() => {}); // fails where a reader has it, which `close` cancels
      await whole.close();
      whole = once(name, fetchAgain(name));
      return part;
    },
  };
}

async function* fetchAgain(name: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bodyOf(await fetchOr(name), name);
}

function bodyOf({ body }: Response, name: string): AsyncIterable<Uint8Array> {
  if (!body) throw new DataError(`${name}: has no body, or it was read before.`);
  return chunksOf(body);
}

/** Iterates over a stream: browsers' streams are not async iterables. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // fails where the stream has failed
  }
}
