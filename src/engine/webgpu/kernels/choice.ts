/** Which kernels, and how much of the work a thread takes: the choice that makes one adapter fast and another slow. */
import { OptionError } from "../../../core/errors.js";
import { type Capacity, WHOLE_BUFFERS } from "../device/capacity.js";

/** How threads share what they load: not at all, four lanes through their subgroup, or a workgroup in its memory. */
const SHARINGS = ["none", "subgroups", "shared"] as const;
export type Sharing = (typeof SHARINGS)[number];

export interface KernelChoice {
  /** Whole steps in one workgroup, all passes of a block in one dispatch, or tiles of classes. */
  readonly kind: "steps" | "fused" | "tiled";
  /** Rows, and vectors of features, a thread. */
  readonly rows: number;
  readonly vectors: number;
  readonly sharing: Sharing;
}

/** What the choice depends on. */
export interface DescentShape {
  readonly features4: number;
  readonly classes: number;
  readonly batchSize: number;
  /** Rows are in several bindings. */
  readonly gathered: boolean;
}

/** Accumulators that a thread keeps in registers. More compile slowly, and spill. */
const ACCUMULATORS = 96;
/** The most classes that are all kept in registers. */
const FUSED_CLASSES = 24;
const MOST_THREADS = 256;
/** Multiply-adds of one product that one workgroup does in less time than more dispatches take; and what it binds. */
const WHOLE_MACS = 2 ** 18;

/** llvmpipe silently ends a thread's loops after 65,535 turns in all; no dispatch of ours comes near. */
const MOST_TURNS = 60_000;

/** Threads of the workgroup that takes whole steps: on a software adapter they take turns, and each turn costs. */
export const STEP_THREADS = { slow: 16, fast: 64 };

/**
 * Threads of a workgroup that shares slabs, in each of its two dimensions: as many as every device has. With 8 rows, or 2
 * vectors of features, a thread its slabs fill the 16 KiB that every device has.
 */
export const SIDE = 16;

/** Whole steps that one dispatch can take: none where a step alone is too long. */
export function stepsPerDispatch(
  { features4, batchSize }: Pick<DescentShape, "features4" | "batchSize">,
  threads: number,
): number {
  const turns = Math.ceil(batchSize / threads) * features4 + (Math.ceil(features4 / threads) + 1) * batchSize;
  return Math.min(2048, Math.floor(MOST_TURNS / turns));
}

/** The choices that are possible and promising, the best guess first. Never empty. */
export function choices(shape: DescentShape, capacity: Capacity): KernelChoice[] {
  const { slow, subgroups, kind } = capacity;
  const few = fused(shape, slow);
  const all = [...(isWhole(shape, capacity) ? whole(few) : []), ...few, ...tiled(shape, slow)];
  const kinds = all.filter((one) => kind === undefined || one.kind === kind);
  const best = (kinds.length > 0 ? kinds : all).filter((one, _, [first]) => one.kind === first.kind);
  const alone = ({ kind: way, sharing }: KernelChoice) => way !== "steps" && sharing === "none";
  return best.map((one) => (subgroups && alone(one) ? { ...one, sharing: "subgroups" } : one));
}

function isWhole(shape: DescentShape, capacity: Capacity): boolean {
  const { features4, classes, batchSize, gathered } = shape;
  const { storageBuffers, blockRows = Infinity, slow } = capacity;
  const threads = STEP_THREADS[slow ? "slow" : "fast"];
  const small = batchSize * 4 * features4 * classes <= WHOLE_MACS && stepsPerDispatch(shape, threads) > 0;
  return small && !gathered && storageBuffers >= WHOLE_BUFFERS && blockRows >= batchSize;
}

/** A thread takes a row, and a vector of features, at a time; the tile is that of the fused kernel, which evaluates. */
function whole([tile]: KernelChoice[]): KernelChoice[] {
  return tile ? [{ ...tile, kind: "steps" }] : [];
}

/** A software adapter wants much work in registers; a GPU wants many threads. */
function fused({ features4, classes }: DescentShape, slow: boolean): KernelChoice[] {
  if (classes > FUSED_CLASSES) return [];
  const most = Math.min(8, Math.floor(ACCUMULATORS / (4 * classes)));
  const least = Math.ceil(features4 / (MOST_THREADS - 4));
  if (least > most) return [];
  const vectors = Math.max(least, slow ? most : Math.min(most, Math.ceil(features4 / 128)));
  const mostRows = Math.max(1, Math.min(8, Math.floor(ACCUMULATORS / classes)));
  const rows = slow ? [mostRows, Math.ceil(mostRows / 2)] : [2, 4, 1].filter((one) => one <= mostRows);
  return rows.map((one) => ({ kind: "fused", rows: one, vectors, sharing: "none" }));
}

/**
 * A GPU, a discrete one most of all, wants workgroup memory: a seventh of the loads from its caches, where more than half of
 * a workgroup's threads have work. A software adapter would only pay for the barriers.
 */
function tiled({ features4, classes, batchSize }: DescentShape, slow: boolean): KernelChoice[] {
  const own = slow ? [[8, 2], [4, 2]] : [[4, 1], [8, 2], [4, 2], [2, 1]]; // prettier-ignore
  const full = Math.min(batchSize / 4, features4, classes / 8) > SIDE / 2;
  return own.flatMap(([rows, vectors], n): KernelChoice[] => {
    const tile = { kind: "tiled", rows, vectors } as const;
    const shared = !slow && full && n < 2;
    return [...(shared ? [{ ...tile, sharing: "shared" } as const] : []), { ...tile, sharing: "none" }];
  });
}

/** As a model records it, and `kernels` pins it: "fused 8x2 subgroups". */
export function nameOf({ kind, rows, vectors, sharing }: KernelChoice): string {
  return `${kind} ${rows}x${vectors}${sharing === "none" ? "" : ` ${sharing}`}`;
}

/** The choice of that name. Throws an OptionError where there is none, or it is not available for this shape on this adapter. */
export function choiceNamed(
  name: string,
  shape: DescentShape,
  capacity: Capacity,
  kinds: readonly KernelChoice["kind"][] = ["steps", "fused", "tiled"],
): KernelChoice {
  const [, named, rows, vectors, suffix = "none"] =
    name.match(/^(steps|fused|tiled) ([1-8])x([1-8])(?: (subgroups|shared))?$/) ?? [];
  const possible = kinds.flatMap((kind) => choices(shape, { ...capacity, kind }));
  const like = possible.find((one) => one.kind === named);
  const sharing = SHARINGS.find((one) => one === suffix);
  if (like && sharing) {
    const pinned = { kind: like.kind, rows: Number(rows), vectors: Number(vectors), sharing };
    if (isPossible(pinned, shape, capacity)) return pinned;
  }
  throw new OptionError(
    `kernels is ${JSON.stringify(name)}, which is not available for this problem on this adapter. ` +
      `It can be "auto", "table", or one such as ${possible.map((one) => JSON.stringify(nameOf(one))).join(", ")}.`,
  );
}

function isPossible(
  { kind, rows, vectors, sharing }: KernelChoice,
  { features4 }: DescentShape,
  { subgroups }: Capacity,
): boolean {
  if (sharing === "subgroups" && !subgroups) return false;
  if (sharing === "shared") return kind === "tiled" && rows % 4 === 0 && vectors <= 2;
  return kind === "tiled" || Math.ceil(features4 / vectors) <= MOST_THREADS - 4;
}
