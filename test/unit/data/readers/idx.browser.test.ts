/** Tests gzip in a browser, whose DecompressionStream differs from Node's. */
import { expect, test } from "vitest";
import { readIdx } from "../../../../src/data/index.js";

const HEADER = [0, 0, 8, 1, 0, 0, 0, 3];
const FILE = Uint8Array.of(...HEADER, 1, 2, 3);

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

test("is read from bytes, shared or not, and from a stream", async () => {
  const packed = await gzip(FILE);
  const shared = new Uint8Array(new SharedArrayBuffer(packed.length));
  shared.set(packed);
  for (const source of [packed, packed.buffer, shared, shared.buffer, new Blob([packed]).stream()]) {
    expect(await readIdx(source)).toEqual({ shape: [3], values: Uint8Array.of(1, 2, 3) });
  }
});

test("says what is wrong where it is cut off, damaged, or followed by other bytes", async () => {
  const packed = await gzip(FILE);
  const damaged = packed.with(packed.length - 8, packed[packed.length - 8] ^ 1);
  const longer = Uint8Array.of(...packed, ...packed);
  for (const file of [packed.subarray(0, packed.length - 4), damaged, longer]) {
    const reason = /^digits: its gzip stream is damaged, truncated or followed by other bytes: ./;
    await expect(readIdx(file, "digits")).rejects.toThrow(reason);
  }
});

test("is read no further than its first wrong byte", async () => {
  const zeros = new Uint8Array(2 ** 26);
  zeros.set(HEADER);
  const bomb = await gzip(zeros);
  let pulled = 0;
  let closed = false;
  async function* file() {
    try {
      for (let first = 0; first < bomb.length; first += 4096) {
        pulled += 4096;
        yield bomb.subarray(first, first + 4096);
      }
    } finally {
      closed = true;
    }
  }
  await expect(readIdx(file())).rejects.toThrow(/make 11 bytes, the file has at least/);
  expect(pulled).toBeLessThan(2 ** 15); // of 65 kB
  await expect.poll(() => closed).toBe(true);
});
