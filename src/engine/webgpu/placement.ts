/** Rows on the device: X as it came (bytes, f16 or f32), with a column of ones after the features, padded to vectors of four, in as many shards as it takes. */
import type { FloatArray, Rows } from "../engine.js";
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
  /** (rows, 1 + classes) the label, and the bits of the targets, where rows have any: what has no more bindings has both in one. */
  readonly targets?: GPUBuffer;
  /** (rows) */
  readonly weights: GPUBuffer;
  weigh(weights: FloatArray): void;
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
  const filled = (label: string, words: Uint32Array<ArrayBuffer>) => {
    const buffer = create(label, words.byteLength);
    device.queue.writeBuffer(buffer, 0, words);
    return buffer;
  };
  const what = `${rows.count} rows of ${rows.features} features (${4 * rowWords * rows.count} bytes)`;
  return allocating(gpu, what, async () => {
    try {
      const labels = filled("labels", Uint32Array.from(rows.labels));
      const weights = create("row weights", 4 * rows.count);
      const targets = rows.targets && filled("targets", labelsAndTargets(rows, rows.targets));
      const weigh = (values: FloatArray) => device.queue.writeBuffer(weights, 0, Float32Array.from(values));
      weigh(rows.weights ?? new Float32Array(rows.count).fill(1));
      const shards: Shard[] = [];
      for (let first = 0; first < rows.count; first += shardRows) {
        const count = Math.min(shardRows, rows.count - first);
        const x = create(`x of rows ${first} to ${first + count}`, 4 * rowWords * count);
        await upload(device, x, rows, first, count, rowWords);
        shards.push({ first, rows: count, x });
      }
      return { shards, labels, ...(targets && { targets }), weights, weigh, release };
    } catch (error) {
      release();
      throw error;
    }
  });
}

/** (rows, 1 + classes) each row's label, and its targets as the bits of floats. */
function labelsAndTargets({ count, labels }: Rows, targets: FloatArray): Uint32Array<ArrayBuffer> {
  const classes = targets.length / count;
  const words = new Uint32Array(count * (1 + classes));
  const floats = new Float32Array(words.buffer);
  for (let row = 0, at = 0; row < count; row++) {
    words[at++] = labels[row];
    for (let k = 0; k < classes; k++) floats[at++] = targets[row * classes + k];
  }
  return words;
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
