/** How a problem is cut to fit an adapter. A function of the shape and the adapter only, so that sums are reproducible. */
import { DeviceError } from "../../errors.js";
import type { Rows } from "../engine.js";

/** What the adapter holds, and how fast it is. */
export interface Capacity {
  /** Bytes in one binding. */
  readonly bindingBytes: number;
  /** A software adapter. */
  readonly slow: boolean;
  /** The most rows in a block, where they would be more. */
  readonly blockRows?: number;
}

export interface Tiling {
  /** Vectors of four features a row, the last padded with zeros. */
  readonly features4: number;
  /** Vectors of four classes a row, a multiple of `chunks`. */
  readonly classes4: number;
  /** Vectors of four classes a thread owns: 1, 2 or 3. */
  readonly chunks: number;
  /** Vectors in W: 4·features4 rows of features and 4 for the intercept, each of classes4. */
  readonly count: number;
  /** The most rows that a pass takes at a time. A step of more rows is several blocks. */
  readonly blockRows: number;
  /** Partial sums of a block, and the rows of the block that add to each. */
  readonly slots: number;
  readonly span: number;
  /** 32-bit words of a row of X. */
  readonly rowWords: number;
  /** Rows of X in one binding. With more than one shard the rows of a block are gathered first. */
  readonly shardRows: number;
  readonly gathered: boolean;
}

/**
 * Multiply-adds in one dispatch: about 0.05 s on a software adapter (3 GFLOP/s), and on a GPU of 1 TFLOP/s too. Windows
 * resets a device after 2 s.
 */
const DISPATCH_MACS = { slow: 8e7, fast: 2e10 };
/** A class of a row costs as much again as this many vectors of features: its loads, stores and exponential. */
const OVERHEAD4 = 8;
/** Threads that keep an adapter busy. */
const THREADS = { slow: 1024, fast: 16384 };
/** Fewer rows than this a slot, and the slots cost more to reduce than they help. */
const LEAST_SPAN = 16;
/** Memory for a block's logits, and for the slots. */
const LOGITS_BYTES = 2 ** 27;
const SLOTS_BYTES = 2 ** 26;
/** Workgroups along one dimension of a dispatch, in every implementation. */
const MOST_GROUPS = 65535;

export function tiling(
  rows: Rows,
  classes: number,
  batchSize: number,
  { bindingBytes, slow, blockRows: mostRows = Infinity }: Capacity,
): Tiling {
  const speed = slow ? "slow" : "fast";
  const features4 = Math.ceil(rows.features / 4);
  const chunks = fewestPadded(Math.ceil(classes / 4));
  const classes4 = chunks * Math.ceil(classes / 4 / chunks);
  const count = (4 * features4 + 4) * classes4;
  const weightBytes = 16 * count;
  if (weightBytes > bindingBytes) {
    throw new DeviceError(
      `The weights of ${rows.features} features × ${classes} classes take ${weightBytes} bytes, ` +
        `and this adapter binds ${bindingBytes}: use fewer features or classes, or the reference engine.`,
    );
  }
  const rowWords = rows.x instanceof Uint8Array ? features4 : 4 * features4;
  const shardRows = Math.floor(bindingBytes / (4 * rowWords));
  if (shardRows === 0) {
    throw new DeviceError(
      `A row of ${rows.features} features takes ${4 * rowWords} bytes, and this adapter binds ${bindingBytes}.`,
    );
  }

  const most = Math.min(
    DISPATCH_MACS[speed] / (16 * (features4 + OVERHEAD4) * classes4),
    Math.min(LOGITS_BYTES, bindingBytes) / (16 * classes4),
    shardRows,
    MOST_GROUPS,
    mostRows,
  );
  const blockRows = Math.min(batchSize, Math.max(4, 4 * Math.floor(most / 4)));
  const threadsOfASlot = (features4 + 1) * (classes4 / chunks);
  const slots = Math.max(
    1,
    Math.min(
      Math.ceil(THREADS[speed] / threadsOfASlot),
      Math.floor(blockRows / LEAST_SPAN),
      Math.floor(Math.min(SLOTS_BYTES, bindingBytes) / weightBytes),
    ),
  );
  const span = Math.ceil(blockRows / slots);
  return {
    features4,
    classes4,
    chunks,
    count,
    blockRows,
    slots,
    span,
    rowWords,
    shardRows,
    gathered: rows.count > shardRows,
  };
}

/** Of tiles of 3, 2 or 1 vectors, the largest among those that pad the least. */
function fewestPadded(vectors: number): number {
  const padded = (chunks: number) => chunks * Math.ceil(vectors / chunks) - vectors;
  if (vectors > 24) return 3;
  return [3, 2, 1].reduce((best, chunks) => (padded(chunks) < padded(best) ? chunks : best));
}

/** Workgroups in two dimensions that hold `threads` threads, as reduce and update count them. */
export function grid(threads: number, workgroup: number): [x: number, y: number] {
  const groups = Math.ceil(threads / workgroup);
  const y = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / y), y];
}
