/**
 * Rows on the device: X as bytes, f16 or f32, with a column of ones after the features, padded to vectors of
 * four and cut into as many shards as its size requires.
 */
import { DeviceError } from "../../core/errors.js";
import type { RowSource } from "../../core/row-source.js";
import type { FloatArray, RowHead } from "../../core/rows.js";
import { paddedSlices } from "../padded.js";
import type { Gpu } from "./device/device.js";
import { GPUBufferUsage } from "./device/flags.js";
import { isWide, labelWords } from "./kernels/cut.js";

/** Slices that are uploaded before waiting for the device. */
const SLICES_IN_FLIGHT = 16;

export interface Shard {
  /** The shard's first row and its number of rows. */
  readonly first: number;
  readonly rows: number;
  /** (rows, rowWords) */
  readonly x: GPUBuffer;
}

export interface GpuRows {
  /** The rows on this side. Their X may be in a file. */
  readonly rows: RowHead;
  /** The parent handle of everything that is computed from these rows. */
  readonly gpu: Gpu;
  readonly shards: readonly Shard[];
  /** (rows) */
  readonly labels: GPUBuffer;
  /**
   * (rows, `labelWords`) each row's label, then its soft targets, then its offsets, as the bits of f32s; only
   * for rows with either. The kernels have no binding left for further buffers.
   */
  readonly wideLabels?: GPUBuffer;
  /** (rows) */
  readonly weights: GPUBuffer;
  weigh(weights: FloatArray): void;
  release(): void;
}

/** Places rows: allocates room for all of them, then uploads X block by block, as it is read. */
export async function placeOnGpu(
  gpu: Gpu,
  rows: RowSource,
  { rowWords, shardRows }: { readonly rowWords: number; readonly shardRows: number },
): Promise<GpuRows> {
  const placed = await gpu.allocate(`${rows.count} rows of ${rows.features} features`, async (own) => {
    const create = (label: string, bytes: number) => {
      const size = Math.max(16, 4 * Math.ceil(bytes / 4));
      return own.buffer(label, size, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
    };
    const labels = create("labels", 4 * rows.count);
    const weights = create("row weights", 4 * rows.count);
    const words = labelWords(rows) * rows.count;
    const wideLabels = isWide(rows) ? create("labels, targets and offsets", 4 * words) : undefined;
    const shards: Shard[] = [];
    for (let first = 0; first < rows.count; first += shardRows) {
      const count = Math.min(shardRows, rows.count - first);
      const x = create(`x of rows ${first} to ${first + count}`, 4 * rowWords * count);
      shards.push({ first, rows: count, x });
    }
    return {
      rows,
      gpu: own,
      shards,
      labels,
      ...(wideLabels && { wideLabels }),
      weights,
      weigh: (values: FloatArray) => write(own, weights, Float32Array.from(values)),
      release: () => own.release(),
    };
  });
  try {
    await upload(placed, rows, rowWords);
    return placed;
  } catch (cause) {
    placed.release();
    throw cause instanceof DeviceError ? await placed.gpu.explained(cause) : cause; // else the reader's own
  }
}

function write(gpu: Gpu, buffer: GPUBuffer, values: GPUAllowSharedBufferSource, offset = 0): void {
  gpu.run(() => gpu.device.queue.writeBuffer(buffer, offset, values));
}

async function upload(placed: GpuRows, source: RowSource, rowWords: number): Promise<void> {
  const { gpu, shards } = placed;
  const { labels, weights } = source;
  write(gpu, placed.labels, Uint32Array.from(labels));
  placed.weigh(weights ?? new Float32Array(source.count).fill(1));
  if (placed.wideLabels) write(gpu, placed.wideLabels, wideLabelsOf(source));

  const stride = rowWords * (4 / Math.min(4, source.x.BYTES_PER_ELEMENT));
  let slices = 0;
  for await (const { first, count, values } of paddedSlices(source, stride)) {
    for (const shard of shards) {
      const from = Math.max(first, shard.first);
      const past = Math.min(first + count, shard.first + shard.rows);
      if (from >= past) continue;
      const part = values.subarray((from - first) * stride, (past - first) * stride);
      write(gpu, shard.x, part, 4 * rowWords * (from - shard.first));
    }
    if (++slices % SLICES_IN_FLIGHT === 0) await gpu.answered(gpu.device.queue.onSubmittedWorkDone());
  }
  await gpu.answered(Promise.resolve());
}

/** Each row's label, then its soft targets, then its offsets, as the bits of f32s. */
function wideLabelsOf(rows: RowHead): Uint32Array<ArrayBuffer> {
  const { count, labels, targets, offsets } = rows;
  const parts = [targets, offsets].filter((values) => values !== undefined);
  const words = new Uint32Array(count * labelWords(rows));
  const floats = new Float32Array(words.buffer);
  for (let row = 0, at = 0; row < count; row++) {
    words[at++] = labels[row];
    for (const values of parts) {
      const classes = values.length / count;
      for (let k = 0; k < classes; k++) floats[at++] = values[row * classes + k];
    }
  }
  return words;
}
