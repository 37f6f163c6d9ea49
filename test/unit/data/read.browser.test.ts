/** Tests reading in a browser, whose streams and decoders differ from Node's. */
import { expect, test } from "vitest";
import { read, readRows } from "../../../src/data/index.js";

const CSV = "size,kind\n1,a\n2,b\n3,a\n";
const bytes = new TextEncoder().encode(CSV);

async function gzip(text: string): Promise<Blob> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).blob();
}

function shared(): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

test.each<[string, () => Parameters<typeof read>[0] | Promise<Blob>]>([
  ["a file that a person picked", () => new File([CSV], "a.csv")],
  ["a gzipped file", () => gzip(CSV)],
  ["a response", () => new Response(CSV)],
  ["a stream", () => new Blob([CSV]).stream()],
  ["a URL of a blob", () => URL.createObjectURL(new Blob([CSV]))],
  ["a URL of data", () => `data:text/csv,${encodeURIComponent(CSV)}`],
  ["bytes of shared memory", shared],
])("%s is read", async (_, source) => {
  const { x, y } = await read(await source());
  expect([...x]).toEqual([1, 2, 3]);
  expect(y).toEqual(["a", "b", "a"]);
});

test("a URL that has nothing is named", async () => {
  await expect(readRows("blob:none")).rejects.toThrow(/^blob:none: cannot be fetched: /);
});
