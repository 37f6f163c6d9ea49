/** The choice of kernels and of the work per thread. What is fast on one adapter is slow on another. */
import { OptionError } from "../../../core/errors.js";
import { type Capacity, KERNEL_KINDS, type KernelKind, WHOLE_BUFFERS } from "../device/capacity.js";
import { cutWhole } from "./whole-steps.js";

/**
 * How threads share their loads: not at all, four lanes by subgroup, or a workgroup of 16 × 16 or 8 × 8
 * threads through its memory.
 */
const SHARINGS = ["none", "subgroups", "shared", "shared 8x8"] as const;
export type Sharing = (typeof SHARINGS)[number];

export interface KernelChoice {
  readonly kind: KernelKind;
  /** Rows, and vectors of four features, per thread. */
  readonly rows: number;
  readonly vectors: number;
  /**
   * Rows that a partial sum of the gradient adds in order, a power of two. The plan's tree adds the sums. Of
   * whole steps, the number of partial sums: each adds every so many rows.
   */
  readonly span: number;
  readonly sharing: Sharing;
}

/** The shape that the choice depends on. */
export interface DescentShape {
  readonly features4: number;
  readonly classes: number;
  readonly batchSize: number;
  /** Rows of a block of the plan of sums. */
  readonly planRows: number;
  /** X takes several bindings. */
  readonly gathered: boolean;
}

/**
 * Most accumulators that a thread keeps in registers. More compile slowly, and spill. Where registers are
 * few, `fits` allows less.
 */
const ACCUMULATORS = 96;
/** Most classes that are few: a thread has all of them. */
const FEW_CLASSES = 24;
/** Most classes for which the fused kernels keep to 128 registers on a GPU. */
const FUSED_CLASSES = 16;
/**
 * Most rows that a partial sum adds in order: what bounds the error of a gradient, however many rows it is
 * over. docs/design/sums.md has the bounds.
 */
const MOST_SPAN = { steps: 1024, fused: 1024, split: 1024, tiled: 4096 };
/** Partial sums of a block that the fused kernels aim at, one for each workgroup. */
const FUSED_SLOTS = { slow: 4, fast: 64 };
/**
 * Threads that keep an adapter busy, which the tiled gradient aims at. Where threads wait for slabs, a core
 * needs more than one workgroup of them: 320 workgroups for the 128 or so cores of a large GPU.
 */
const THREADS = { slow: 256, fast: 16384, shared: 320 * 256 };
/** Threads that share rows of the split kernels, and threads of their workgroup. */
export const SPLIT_LANES = 32;
export const SPLIT_WORKGROUP = 128;
/** Vectors of features of a workgroup of the split gradient. */
export const SPLIT_COLUMNS = 16;
/** Rows that share a thread's work in the split logits, the most first. */
const SPLIT_ROWS = [4, 2] as const;
/** Accumulators for which the split kernels keep to 128 registers. */
const SPLIT_ACCUMULATORS = 48;
/** Fewest vectors of features for which lanes that share a row have enough work. */
const LEAST_SPLIT = 32;
/** Partial sums of a block that the split kernels aim at. */
const SPLIT_SLOTS = 32;
/** Fewest rows for which a tiled partial sum pays. */
const LEAST_TILED_SPAN = 64;
/** Most multiply-adds of a step's product that one workgroup does in less time than more dispatches take. */
const WHOLE_MACS = 2 ** 18;
/** Threads of the workgroup that takes whole steps. A software adapter runs them in turn, at a cost. */
const WHOLE_THREADS = { slow: 4, fast: 128 };

/**
 * Threads of a workgroup that shares slabs, along each of its two dimensions. 16 × 16 are as many as every
 * device allows but some of the compatibility level: with 8 rows, or 2 vectors of features, per thread their
 * slabs fill the 16 KiB of workgroup memory that every device has. Where 8 × 8 share, fewer wait for each
 * other at a barrier, and each loads twice as much.
 */
const SIDES: ReadonlyMap<Sharing, number> = new Map([
  ["shared", 16],
  ["shared 8x8", 8],
]);

/** Returns the threads that share a slab along each dimension, or 0 where they share none. */
export function sideOf(sharing: Sharing): number {
  return SIDES.get(sharing) ?? 0;
}

/**
 * Lists the candidates for a shape on an adapter, the best guess first. Never empty. All are of one kind, but
 * the fused kernels stand beside the split ones.
 *
 * Subgroups save a software adapter loads. A GPU loads what is the same for all lanes once, into a scalar
 * register, where the kernels take a fifth less time without subgroups, as AMD's compiler estimates: they
 * come after the others.
 */
export function choices(shape: DescentShape, capacity: Capacity): KernelChoice[] {
  const { slow, subgroups, kinds } = capacity;
  const few = fused(shape, capacity);
  const splits = split(shape, capacity);
  const isSplit = suitsSplit(shape, capacity);
  const isFused = slow || shape.classes <= FUSED_CLASSES;
  const all = [
    ...(isWhole(shape, capacity) ? whole(shape, capacity) : []),
    ...(isSplit ? splits : []),
    ...(isFused ? few : []),
    ...tiled(shape, capacity),
    ...(isFused ? [] : few),
    ...(isSplit ? [] : splits),
  ];
  const { kind } = all.find((one) => kinds.includes(one.kind)) ?? all[0];
  // No GPU has timed the split kernels against the fused ones.
  const isCandidate = (one: KernelChoice) =>
    one.kind === kind || (kind === "split" && one.kind === "fused" && kinds.includes("fused"));
  const best = all.filter(isCandidate);
  const subgroup = (one: KernelChoice): KernelChoice =>
    (one.kind === "fused" || one.kind === "tiled") && one.sharing === "none"
      ? { ...one, sharing: "subgroups" }
      : one;
  if (!subgroups) return best;
  return slow ? best.map(subgroup) : [...new Set([...best, ...best.map(subgroup)])];
}

/**
 * Lists the candidates for an objective, which keeps its logits: tiled kernels, or split ones, whose gradient
 * is the tiled one. Threads of that already read neighbouring words of X, and many workgroups share it.
 */
export function objectiveChoices(shape: DescentShape, capacity: Capacity): KernelChoice[] {
  const tiles = choices(shape, { ...capacity, kinds: ["tiled"] });
  const splits = suitsSplit(shape, capacity) ? splitObjective(shape, capacity) : [];
  return [...splits, ...tiles];
}

/** Lists the split choice of an objective, whose rows are in blocks of the plan. */
function splitObjective(
  { features4, classes, batchSize, planRows }: DescentShape,
  capacity: Capacity,
): KernelChoice[] {
  if (classes > FEW_CLASSES) return [];
  const most = Math.min(MOST_SPAN.split, planRows);
  const wanted = Math.min(batchSize, planRows) / Math.ceil(THREADS.fast / features4);
  const rows = splitRows(classes, capacity);
  return [{ kind: "split", rows, vectors: 1, span: spanOf(wanted, LEAST_TILED_SPAN, most), sharing: "none" }];
}

/** Returns the rows of the split logits: as many as fit in registers, or the fewest. */
function splitRows(classes: number, capacity: Capacity): number {
  const [most, least] = SPLIT_ROWS;
  const isKept = most * classes <= SPLIT_ACCUMULATORS && fits(capacity, rowNumbers(most, classes));
  return isKept ? most : least;
}

/** Returns the numbers that a thread keeps of rows: their logits, a vector of features and an address. */
function rowNumbers(rows: number, classes: number): number {
  return rows * (classes + 5);
}

/** Returns the most vectors of classes, up to all, whose products with one of features fit in registers. */
export function splitPart4(classes4: number, { registers }: Capacity): number {
  return Math.min(classes4, Math.floor(Math.min(SPLIT_ACCUMULATORS, registers / 2) / 16));
}

/**
 * Returns whether a thread has registers for so many numbers, which it loads or adds to. Compilers take as
 * many again for addresses and loads under way.
 */
function fits({ registers }: Pick<Capacity, "registers">, numbers: number): boolean {
  return 2 * numbers <= registers;
}

function suitsSplit({ features4, classes }: DescentShape, capacity: Capacity): boolean {
  const isFew = classes <= FEW_CLASSES && fits(capacity, rowNumbers(SPLIT_ROWS[1], classes));
  return !capacity.slow && features4 >= LEAST_SPLIT && isFew;
}

function isWhole({ features4, classes, batchSize, gathered }: DescentShape, capacity: Capacity): boolean {
  const small = batchSize * 4 * features4 * classes <= WHOLE_MACS && classes <= FEW_CLASSES;
  return small && !gathered && capacity.storageBuffers >= WHOLE_BUFFERS && capacity.blockRows >= batchSize;
}

/**
 * Lists the choice of whole steps, if the weights fit in the workgroup's memory. Its span are the lanes that
 * share features: each adds every so many rows in order, and then the sums of lanes are added by halves. A
 * software adapter pays for every thread, for every barrier and most for loads, a GPU for long chains.
 */
function whole({ features4, classes, batchSize }: DescentShape, capacity: Capacity): KernelChoice[] {
  const { slow, subgroupSize } = capacity;
  const most = Math.min(8, Math.floor(ACCUMULATORS / (4 * classes)));
  const few = Math.floor(most / 2);
  // With all features a thread also keeps their weights.
  const ownNumbers = features4 * (8 * classes + 4);
  const isOwn = features4 <= (slow ? most : few) && fits(capacity, ownNumbers);
  const vectors = isOwn ? features4 : slow ? Math.max(1, few) : 1;
  const numbers = vectors * (4 * classes + 4) + classes;
  if (!fits(capacity, vectors === features4 ? ownNumbers : numbers)) return [];
  const rows = slow && !isOwn ? 4 : 1;
  const threads = WHOLE_THREADS[slow ? "slow" : "fast"];
  const wanted = powerBelow(Math.max(1, threads / Math.ceil(features4 / vectors)));
  const rowLanes = Math.max(batchSize, subgroupSize); // of whole subgroups
  for (let span = Math.min(wanted, 2 ** Math.ceil(Math.log2(rowLanes))); span >= 1; span /= 2) {
    const choice: KernelChoice = { kind: "steps", rows, vectors, span, sharing: "none" };
    if (cutWhole({ features4, classes, batchSize }, choice, subgroupSize)) return [choice];
  }
  return [];
}

/** Lists the fused choices. A software adapter needs much work in registers, a GPU many threads. */
function fused(shape: DescentShape, capacity: Capacity): KernelChoice[] {
  const { slow, threads } = capacity;
  const { features4, classes, batchSize, planRows } = shape;
  if (classes > FEW_CLASSES) return [];
  const most = Math.min(8, Math.floor(ACCUMULATORS / (4 * classes)));
  const least = Math.ceil(features4 / (threads - 4));
  if (least > most) return [];
  const vectors = Math.max(least, slow ? most : Math.min(most, Math.ceil(features4 / 128)));
  const mostRows = Math.max(1, Math.min(8, powerBelow(ACCUMULATORS / classes)));
  const isKept = (one: number) =>
    one <= mostRows &&
    fits(capacity, vectors * (4 * classes + 20)) && // it multiplies four rows at a time
    fits(capacity, vectors * 4 * classes + rowNumbers(one, classes));
  const rows = slow ? [mostRows, Math.ceil(mostRows / 2)] : [2, 4, 1].filter(isKept);
  const slots = FUSED_SLOTS[slow ? "slow" : "fast"];
  return rows.map((one) => {
    const span = spanOf(batchSize / slots, 4 * one, Math.min(MOST_SPAN.fused, planRows));
    return { kind: "fused", rows: one, vectors, span, sharing: "none" };
  });
}

/** Lists the split choices, for a GPU. A thread keeps one sum for each of its rows and classes. */
function split({ classes, batchSize, planRows }: DescentShape, capacity: Capacity): KernelChoice[] {
  if (classes > FEW_CLASSES) return [];
  const span = spanOf(batchSize / SPLIT_SLOTS, SPLIT_COLUMNS, Math.min(MOST_SPAN.split, planRows));
  return [{ kind: "split", rows: splitRows(classes, capacity), vectors: 1, span, sharing: "none" }];
}

/** Returns a power of two of at least `wanted` rows, within bounds. */
function spanOf(wanted: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, 2 ** Math.ceil(Math.log2(wanted))));
}

/** Returns the largest power of two that is at most `value`. */
export function powerBelow(value: number): number {
  return 2 ** Math.floor(Math.log2(value));
}

/**
 * Lists the tiled choices. Workgroup memory cuts a GPU's loads from its caches to a fifth, which matters
 * most on discrete GPUs; it pays off if more than half of a workgroup's threads have work. A software adapter
 * would only pay for the barriers.
 */
function tiled(shape: DescentShape, capacity: Capacity): KernelChoice[] {
  const { slow, threads } = capacity;
  const { features4, classes, batchSize, planRows } = shape;
  const { tile4, tiles } = tilesOf(classes, capacity);
  const tile = (rows: number, vectors: number, sharing: Sharing): KernelChoice => {
    const busy = THREADS[slow ? "slow" : sideOf(sharing) > 0 ? "shared" : "fast"];
    const wanted = batchSize / Math.ceil(busy / (Math.ceil(features4 / vectors) * tiles));
    const span = spanOf(wanted, LEAST_TILED_SPAN, Math.min(MOST_SPAN.tiled, planRows));
    return { kind: "tiled", rows, vectors, span, sharing };
  };
  const large = isLarge(classes, slow) ? 3 : 2;
  if (slow) return [tile(8, large, "none"), tile(4, large, "none")];
  const isFull = ({ sharing }: KernelChoice) => {
    const side = sideOf(sharing);
    return Math.min(batchSize / 4, features4, classes / 8) > side / 2 && threads >= side ** 2;
  };
  const isKept = ({ rows, vectors, sharing }: KernelChoice) => {
    // A thread that shares slabs also holds its part of the next one.
    const slabs = sideOf(sharing) > 0 ? 2 : 1;
    return fits(capacity, Math.max(rows, 4 * vectors) * (4 * slabs + 4 * tile4));
  };
  return [
    tile(4, 1, "shared"),
    tile(4, 1, "none"),
    tile(8, 2, "shared"),
    tile(8, 2, "none"),
    tile(4, 1, "shared 8x8"),
    tile(8, 2, "shared 8x8"),
    tile(4, 2, "none"),
    tile(2, 1, "none"),
  ].filter((one) => (one.sharing === "none" || isFull(one)) && isKept(one));
}

/** Vectors of classes in a tile. Up to FEW4 vectors make a single tile, so that each product reads X once. */
const TILE4 = 2;
const FEW4 = 3;
/** Rows, or features, of a thread of the table's products. */
const LEAST_TILE = 4;
/**
 * More classes than this have tiles of up to LARGE_TILE4 vectors on a software adapter. Accumulators spill to
 * its first cache in any case, and larger tiles save it loads, each of which costs as much as many
 * multiply-adds. They compile for a second longer.
 */
const LARGE_CLASSES = 64;
const LARGE_TILE4 = 6;
/** What a large tile costs besides its multiply-adds, in vectors of classes. */
const TILE_OVERHEAD4 = 1.4;

interface Tiles {
  readonly tile4: number;
  readonly tiles: number;
}

/** Whether products of that many classes have large tiles. */
function isLarge(classes: number, slow: boolean): boolean {
  return slow && classes > LARGE_CLASSES;
}

/** Cuts classes into tiles of `tile4` vectors of four: of one vector where registers are few. */
export function tilesOf(classes: number, capacity: Pick<Capacity, "slow" | "registers">): Tiles {
  const { slow } = capacity;
  const vectors4 = Math.ceil(classes / 4);
  const cut = (tile4: number) => ({ tile4, tiles: Math.ceil(vectors4 / tile4) });
  if (!fits(capacity, LEAST_TILE * (4 + 4 * TILE4))) return cut(1);
  if (!isLarge(classes, slow)) return cut(vectors4 <= FEW4 ? vectors4 : TILE4);
  // The padding of the last tile costs as much as classes.
  const cost = (tile4: number) => cut(tile4).tiles * (tile4 + TILE_OVERHEAD4);
  const sizes = Array.from({ length: LARGE_TILE4 - TILE4 + 1 }, (_, n) => LARGE_TILE4 - n);
  return cut(sizes.reduce((best, size) => (cost(size) < cost(best) ? size : best)));
}

/**
 * Names a choice as a model records it and `kernels` pins it: "fused 8x2/1024 subgroups" has 8 rows and 2
 * vectors of features per thread, and 1024 rows in a partial sum. The name says in which order rows are
 * added.
 */
export function nameOf({ kind, rows, vectors, span, sharing }: KernelChoice): string {
  return `${kind} ${rows}x${vectors}/${span}${sharing === "none" ? "" : ` ${sharing}`}`;
}

/** Returns the choice of steps of that name, as `choiceNamed` does. */
export function stepChoiceNamed(name: string, shape: DescentShape, capacity: Capacity): KernelChoice {
  const all = { ...capacity, registers: Infinity }; // what is pinned may spill
  const possible = KERNEL_KINDS.flatMap((kind) => choices(shape, { ...all, kinds: [kind] }));
  return choiceNamed(name, shape, capacity, possible);
}

/** Returns the choice of an objective of that name, as `choiceNamed` does. */
export function objectiveChoiceNamed(name: string, shape: DescentShape, capacity: Capacity): KernelChoice {
  const tiles = choices(shape, { ...capacity, kinds: ["tiled"] });
  return choiceNamed(name, shape, capacity, [...tiles, ...splitObjective(shape, capacity)]);
}

/**
 * Returns the choice of that name, with the span of the first possible one of its kind where it names none.
 * Throws an OptionError if there is none, or if it is not available for this shape on this adapter.
 */
function choiceNamed(
  name: string,
  shape: DescentShape,
  capacity: Capacity,
  possible: readonly KernelChoice[],
): KernelChoice {
  const [, named, rows, vectors, span, suffix = "none"] =
    name.match(
      /^(steps|fused|split|tiled) ([1-8])x([1-8])(?:\/([1-9]\d{0,4}))?(?: (subgroups|shared(?: 8x8)?))?$/,
    ) ?? [];
  const like = possible.find((one) => one.kind === named);
  const sharing = SHARINGS.find((one) => one === suffix);
  if (like && sharing) {
    const pinned = {
      kind: like.kind,
      rows: Number(rows),
      vectors: Number(vectors),
      span: Number(span ?? like.span),
      sharing,
    };
    if (isPossible(pinned, shape, capacity)) return pinned;
  }
  throw new OptionError(
    `kernels is ${JSON.stringify(name)}, which is not available for this problem on this adapter. ` +
      `It can be "auto", "table", or one such as ${possible.map((one) => JSON.stringify(nameOf(one))).join(", ")}.`,
  );
}

function isPossible(
  { kind, rows, vectors, span, sharing }: KernelChoice,
  shape: DescentShape,
  { subgroups, subgroupSize, threads }: Capacity,
): boolean {
  const { features4, planRows } = shape;
  const most = Math.min(MOST_SPAN[kind], planRows);
  const isPower = (value: number) => Number.isInteger(Math.log2(value));
  if (!isPower(span) || span > most) return false;
  if (kind === "steps")
    return sharing === "none" && cutWhole(shape, { rows, vectors, span }, subgroupSize) !== undefined;
  if (span < 4) return false;
  if (kind !== "tiled" && !(isPower(rows) && span >= 4 * rows)) return false;
  if (kind === "split") return (rows === 4 || rows === 2) && vectors === 1 && sharing === "none";
  if (sharing === "subgroups" && !subgroups) return false;
  const side = sideOf(sharing);
  if (side > 0)
    return kind === "tiled" && rows % 4 === 0 && vectors <= 2 && span >= side && threads >= side ** 2;
  return kind === "tiled" || Math.ceil(features4 / vectors) <= threads - 4;
}
