/** Rows whose features are in memory, or are read block by block from elsewhere. */
import { DataError } from "./errors.js";
import { yieldIfDue } from "./event-loop.js";
import {
  type FeatureType,
  type FlatFeatures,
  type RowHead,
  type Rows,
  createFeatures,
  selectHead,
  selectRows,
} from "./rows.js";
import { planBlockRows } from "./sum-plan.js";

/** Reads X: (count, features), whose values have one type throughout. */
export interface FeatureReader extends FeatureType {
  /** Reads all rows in order, in blocks of `planBlockRows` rows, of which the last may have fewer. */
  blocks(): AsyncIterable<FlatFeatures>;
  /** Reads the given rows, in the given order. A row may be given more than once. */
  select(rows: Uint32Array): Promise<FlatFeatures>;
}

/** Rows to train on, wherever their features are. `Rows` are a source, since their features are in memory. */
export interface RowSource extends RowHead {
  readonly x: FlatFeatures | FeatureReader;
}

/** The features of consecutive rows. */
export interface RowBlock {
  /** Number of the first row. */
  readonly first: number;
  readonly count: number;
  /** (count, features) */
  readonly x: FlatFeatures;
}

/**
 * Reads all rows in order, in blocks of `planBlockRows` rows, and yields to the event loop between them.
 *
 * @throws {DataError} where a reader returns more or fewer values than the rows have.
 */
export async function* readBlocks(source: RowSource): AsyncGenerator<RowBlock> {
  const { x, features } = source;
  const blockRows = planBlockRows(source);
  let first = 0;
  for await (const block of isReader(x) ? x.blocks() : cutFeatures(x, source, blockRows)) {
    const count = Math.min(blockRows, source.count - first);
    checkBlock(block, count, first, features);
    yield { first, count, x: block };
    first += count;
    await yieldIfDue();
  }
  if (first < source.count) {
    throw new DataError(
      `x ended after ${first} of ${source.count} rows: its reader must return all of them.`,
    );
  }
}

/** Reads the blocks that hold some of the chosen rows, which ascend, each with those among them. */
export async function* readChosenBlocks(
  source: RowSource,
  chosen: Uint32Array,
): AsyncGenerator<RowBlock & { readonly chosen: Uint32Array }> {
  let taken = 0;
  for await (const block of readBlocks(source)) {
    const from = taken;
    while (chosen[taken] < block.first + block.count) taken++;
    if (taken > from) yield { ...block, chosen: chosen.subarray(from, taken) };
  }
}

/** Reads the chosen rows into memory, in the given order. */
export async function readChosenRows(source: RowSource, chosen: Uint32Array): Promise<Rows> {
  const { x, ...head } = source;
  return isReader(x)
    ? { ...selectHead(source, chosen), x: await x.select(chosen) }
    : selectRows({ ...head, x }, chosen);
}

/** Reads all rows into memory, and returns those that are in memory as they are. */
export async function readAllRows(source: RowSource): Promise<Rows> {
  const { x, ...head } = source;
  if (!isReader(x)) return { ...head, x };
  const all = createFeatures(x, source.count * source.features);
  for await (const block of readBlocks(source)) all.set(block.x, block.first * source.features);
  return { ...head, x: all };
}

function isReader(x: RowSource["x"]): x is FeatureReader {
  return "blocks" in x;
}

/** Cuts X into blocks of rows without copying it. */
export function* cutFeatures(
  x: FlatFeatures,
  { count, features }: Pick<RowHead, "count" | "features">,
  blockRows: number,
): Generator<FlatFeatures> {
  for (let first = 0; first < count; first += blockRows) {
    yield x.subarray(first * features, Math.min(count, first + blockRows) * features);
  }
}

function checkBlock(block: FlatFeatures, count: number, first: number, features: number): void {
  if (block.length === count * features) return;
  throw new DataError(
    `The block of x from row ${first} on has ${block.length} values: its reader must return ${count} rows of ${features}.`,
  );
}
