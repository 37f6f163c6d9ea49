/** Rows on the device: X as it came (bytes, f16 or f32), with a column of ones after the features, padded to vectors of four, in as many shards as it takes. */
import { DataError } from "../../errors.js";
import type { FlatFeatures, Rows } from "../engine.js";
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
  try {
    return await allocating(
      gpu,
      `${rows.count} rows of ${rows.features} features (${4 * rowWords * rows.count} bytes)`,
      async () => {
        const labels = create("labels", 4 * rows.count);
        const weights = create("row weights", 4 * rows.count);
        device.queue.writeBuffer(labels, 0, Uint32Array.from(rows.labels));
        device.queue.writeBuffer(
          weights,
          0,
          Float32Array.from(rows.weights ?? new Float32Array(rows.count).fill(1)),
        );
        const shards: Shard[] = [];
        for (let first = 0; first < rows.count; first += shardRows) {
          const count = Math.min(shardRows, rows.count - first);
          const x = create(`x of rows ${first} to ${first + count}`, 4 * rowWords * count);
          await upload(device, x, rows, first, count, rowWords);
          shards.push({ first, rows: count, x });
        }
        return { shards, labels, weights, release };
      },
    );
  } catch (error) {
    release();
    throw error;
  }
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
  for (let done = 0, slices = 1; done < count; done += sliceRows, slices++) {
    const slice = padded(rows, first + done, Math.min(sliceRows, count - done), rowWords);
    device.queue.writeBuffer(buffer, 4 * rowWords * done, slice);
    if (slices % SLICES_IN_FLIGHT === 0) await device.queue.onSubmittedWorkDone();
  }
}

type Slice = Uint8Array<ArrayBuffer> | Float16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** Rows as the device reads them: bytes, f16 or f32, each row with its one and padded with zeros. */
function padded(rows: Rows, first: number, count: number, rowWords: number): Slice {
  const { x, features } = rows;
  const stride = rowWords * (4 / Math.min(4, x.BYTES_PER_ELEMENT));
  const slice = emptySlice(x, count * stride);
  const one = x instanceof Uint8Array ? 255 : 1; // bytes are read as value / 255
  for (let row = 0; row < count; row++) {
    const start = (first + row) * features;
    slice.set(x.subarray(start, start + features), row * stride);
    slice[row * stride + features] = one;
  }
  if (x instanceof Float64Array) checkRange(slice, rows, first, stride);
  return slice;
}

function emptySlice(x: FlatFeatures, length: number): Slice {
  if (x instanceof Uint8Array) return new Uint8Array(length);
  return x.BYTES_PER_ELEMENT === 2 ? new Float16Array(length) : new Float32Array(length);
}

/** The data were finite; a value too large for f32 is not any more. */
function checkRange(slice: Slice, { x, features }: Rows, first: number, stride: number): void {
  const bad = slice.findIndex((value: number) => !Number.isFinite(value));
  if (bad < 0) return;
  const [row, column] = [first + Math.floor(bad / stride), bad % stride];
  throw new DataError(
    `x is ${x[row * features + column]} at row ${row}, column ${column}, beyond the largest f32 (3.4e38) that the GPU ` +
      "computes with: scale the column down, or use the reference engine.",
  );
}
