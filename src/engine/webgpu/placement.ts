/** Rows on the device: X as it came (bytes, f16 or f32), with a column of ones after the features, padded to vectors of four, in as many shards as it takes. */
import type { Rows } from "../engine.js";
import { paddedRows } from "../padded.js";
import { type Gpu, allocating } from "./device.js";

/** Rows go up in slices of about this many bytes, and wait for the device after every few. */
const SLICE_BYTES = 2 ** 22;
const SLICES_IN_FLIGHT = 16;

export interface Shard {
  /** Its first row, and how many it has. */
  readonly first: number;
  readonly rows: number;
  /** (rows, rowWords) */
  readonly x: GPUBuffer;
}

export interface PlacedRows {
  readonly shards: readonly Shard[];
  /** (rows) */
  readonly labels: GPUBuffer;
  /** (rows) */
  readonly weights: GPUBuffer;
  weigh(weights: Float32Array): void;
  release(): void;
}

export async function placeRows(
  gpu: Gpu,
  rows: Rows,
  { rowWords, shardRows }: { readonly rowWords: number; readonly shardRows: number },
): Promise<PlacedRows> {
  const { device } = gpu;
  const buffers: GPUBuffer[] = [];
  const release = () => buffers.forEach((buffer) => gpu.destroy(buffer));
  const create = (label: string, bytes: number) => {
    const size = Math.max(16, 4 * Math.ceil(bytes / 4));
    const buffer = gpu.buffer(label, size, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
    buffers.push(buffer);
    return buffer;
  };
  const what = `${rows.count} rows of ${rows.features} features (${4 * rowWords * rows.count} bytes)`;
  return allocating(gpu, what, async () => {
    try {
      const labels = create("labels", 4 * rows.count);
      const weights = create("row weights", 4 * rows.count);
      device.queue.writeBuffer(labels, 0, Uint32Array.from(rows.labels));
      const weigh = (values: Float32Array) => device.queue.writeBuffer(weights, 0, Float32Array.from(values));
      weigh(rows.weights ?? new Float32Array(rows.count).fill(1));
      const shards: Shard[] = [];
      for (let first = 0; first < rows.count; first += shardRows) {
        const count = Math.min(shardRows, rows.count - first);
        const x = create(`x of rows ${first} to ${first + count}`, 4 * rowWords * count);
        await upload(device, x, rows, first, count, rowWords);
        shards.push({ first, rows: count, x });
      }
      return { shards, labels, weights, weigh, release };
    } catch (error) {
      release();
      throw error;
    }
  });
}

async function upload(
  device: GPUDevice,
  buffer: GPUBuffer,
  rows: Rows,
  first: number,
  count: number,
  rowWords: number,
): Promise<void> {
  const sliceRows = Math.max(1, Math.floor(SLICE_BYTES / (4 * rowWords)));
  const stride = rowWords * (4 / Math.min(4, rows.x.BYTES_PER_ELEMENT));
  for (let done = 0, slices = 1; done < count; done += sliceRows, slices++) {
    const slice = paddedRows(rows, first + done, Math.min(sliceRows, count - done), stride);
    device.queue.writeBuffer(buffer, 4 * rowWords * done, slice);
    if (slices % SLICES_IN_FLIGHT === 0) await device.queue.onSubmittedWorkDone();
  }
}
