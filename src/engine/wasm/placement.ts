/**
 * Copies rows into the kernels' memory: X in its own type (bytes, f16 or f32; f64 as f32), with a column of
 * ones after the features.
 */
import type { RowSource } from "../../core/row-source.js";
import type { FloatArray } from "../../core/rows.js";
import { paddedSlices } from "../padded.js";
import type { Heap } from "./heap.js";
import { type RowLayout, rowLayout } from "./layout.js";

export interface HeapRows extends RowLayout {
  /** Address of X, (rows, stride). */
  readonly x: number;
  /** Address of the labels, (rows). */
  readonly labels: number;
  /** Address of the weights of the rows, (rows). */
  readonly rowWeights: number;
  /** Address of the targets, (rows, classes), or 0 if the labels are the targets. */
  readonly targets: number;
  /** Address of the offsets, (rows, classes), or 0 without. */
  readonly offsets: number;
  weigh(weights: FloatArray): void;
  release(): void;
}

export async function placeOnHeap(heap: Heap, rows: RowSource): Promise<HeapRows> {
  const layout = rowLayout(rows.features, rows.x);
  const { stride, rowBytes } = layout;
  const what = `${rows.count} rows of ${rows.features} features`;
  const blocks: number[] = [];
  const allocate = (bytes: number) => {
    const block = heap.allocate(bytes, what);
    blocks.push(block);
    return block;
  };
  const release = () => blocks.forEach((block) => heap.free(block));
  const others = [rows.targets, rows.offsets].flatMap((values) => (values ? [4 * values.length] : []));
  heap.check([rowBytes * rows.count, 4 * rows.count, 4 * rows.count, ...others], what);
  const placed = (values: FloatArray | undefined) => {
    if (!values) return 0;
    const address = allocate(4 * values.length);
    heap.f32(address, values.length).set(values);
    return address;
  };
  try {
    const x = allocate(rowBytes * rows.count);
    const labels = allocate(4 * rows.count);
    const rowWeights = allocate(4 * rows.count);
    heap.u32(labels, rows.count).set(rows.labels);
    const [targets, offsets] = [placed(rows.targets), placed(rows.offsets)];
    const weigh = (weights: FloatArray) => heap.f32(rowWeights, rows.count).set(weights);
    weigh(rows.weights ?? new Float32Array(rows.count).fill(1));
    for await (const { first, values } of paddedSlices(rows, stride)) {
      heap.bytes(x + first * rowBytes, values.byteLength).set(new Uint8Array(values.buffer));
    }
    return { ...layout, x, labels, rowWeights, targets, offsets, weigh, release };
  } catch (error) {
    release();
    throw error;
  }
}
