/**
 * Rows on the device: X as bytes, f16 or f32, with a column of ones after the features, padded to vectors of
 * four and cut into as many shards as its size requires.
 */
import { DeviceError } from "../../core/errors.js";
import type { RowSource } from "../../core/row-source.js";
import type { FloatArray, RowHead } from "../../core/rows.js";
import { paddedSlices } from "../padded.js";
import type { Gpu } from "./device/device.js";

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
   * (rows, 1 + classes) each row's label, then its targets as the bits of f32s; only for rows with soft
   * targets. The kernels have no binding left for a second buffer.
   */
  readonly targets?: GPUBuffer;
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
    const write = (buffer: GPUBuffer, values: GPUAllowSharedBufferSource) =>
      own.run(() => own.device.queue.writeBuffer(buffer, 0, values));
    const weigh = (values: FloatArray) => write(weights, Float32Array.from(values));

    const labels = create("labels", 4 * rows.count);
    const weights = create("row weights", 4 * rows.count);
    const targets = rows.targets && create("targets", 4 * rows.count + 4 * rows.targets.length);
    const shards: Shard[] = [];
    for (let first = 0; first < rows.count; first += shardRows) {
      const count = Math.min(shardRows, rows.count - first);
      const x = create(`x of rows ${first} to ${first + count}`, 4 * rowWords * count);
      shards.push({ first, rows: count, x });
    }
    await own.answered(Promise.resolve()); // fail before the upload if the rows do not fit

    write(labels, Uint32Array.from(rows.labels));
    weigh(rows.weights ?? new Float32Array(rows.count).fill(1));
    if (targets && rows.targets) write(targets, labelsAndTargets(rows, rows.targets));
    return {
      rows,
      gpu: own,
      shards,
      labels,
      ...(targets && { targets }),
      weights,
      weigh,
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

/** (rows, 1 + classes) each row's label, then its targets as the bits of f32s. */
function labelsAndTargets({ count, labels }: RowHead, targets: FloatArray): Uint32Array<ArrayBuffer> {
  const classes = targets.length / count;
  const words = new Uint32Array(count * (1 + classes));
  const floats = new Float32Array(words.buffer);
  for (let row = 0, at = 0; row < count; row++) {
    words[at++] = labels[row];
    for (let k = 0; k < classes; k++) floats[at++] = targets[row * classes + k];
  }
  return words;
}

/** Writes X to the shards, as it is read. */
async function upload({ gpu, shards }: GpuRows, source: RowSource, rowWords: number): Promise<void> {
  const { queue } = gpu.device;
  const stride = rowWords * (4 / Math.min(4, source.x.BYTES_PER_ELEMENT));
  let slices = 0;
  for await (const { first, count, values } of paddedSlices(source, stride)) {
    for (const shard of shards) {
      const from = Math.max(first, shard.first);
      const past = Math.min(first + count, shard.first + shard.rows);
      if (from >= past) continue;
      const part = values.subarray((from - first) * stride, (past - first) * stride);
      gpu.run(() => queue.writeBuffer(shard.x, 4 * rowWords * (from - shard.first), part));
    }
    if (++slices % SLICES_IN_FLIGHT === 0) await gpu.answered(queue.onSubmittedWorkDone());
  }
  await gpu.answered(Promise.resolve());
}
