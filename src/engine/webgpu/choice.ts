/** Which kernels, and how much of the work a thread takes: the choice that makes one adapter fast and another slow. */
import { OptionError } from "../../errors.js";
import type { Capacity } from "./capacity.js";

export interface Choice {
  /** Whole steps in one workgroup, all passes of a block in one dispatch, or tiles of classes. */
  readonly kind: "steps" | "fused" | "tiled";
  /** Rows, and vectors of features, a thread. */
  readonly rows: number;
  readonly vectors: number;
  /** Lanes share what each has loaded. */
  readonly subgroups: boolean;
}

/** What the choice depends on. */
export interface Shape {
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
export const WHOLE_BUFFERS = 10;

/** llvmpipe silently ends a thread's loops after 65,535 turns in all; no dispatch of ours comes near. */
const MOST_TURNS = 60_000;

/** Threads of the workgroup that takes whole steps: on a software adapter they take turns, and each turn costs. */
export const STEP_THREADS = { slow: 16, fast: 64 };

/** Whole steps that one dispatch can take: none where a step alone is too long. */
export function wholeSteps(
  { features4, batchSize }: Pick<Shape, "features4" | "batchSize">,
  threads: number,
): number {
  const turns = Math.ceil(batchSize / threads) * features4 + (Math.ceil(features4 / threads) + 1) * batchSize;
  return Math.min(2048, Math.floor(MOST_TURNS / turns));
}

/** The choices that are possible and promising, the best guess first. Never empty. */
export function choices(shape: Shape, capacity: Capacity): Choice[] {
  const { slow, subgroups, kind } = capacity;
  const few = fused(shape, slow);
  const all = [...(isWhole(shape, capacity) ? whole(few) : []), ...few, ...tiled(slow)];
  const kinds = all.filter((one) => kind === undefined || one.kind === kind);
  const best = (kinds.length > 0 ? kinds : all).filter((one, _, [first]) => one.kind === first.kind);
  return best.flatMap((one) => (subgroups ? [{ ...one, subgroups: one.kind !== "steps" }] : [one]));
}

type Tile = Omit<Choice, "subgroups"> & { readonly subgroups: false };

function isWhole(shape: Shape, capacity: Capacity): boolean {
  const { features4, classes, batchSize, gathered } = shape;
  const { storageBuffers, blockRows = Infinity, slow } = capacity;
  const threads = STEP_THREADS[slow ? "slow" : "fast"];
  const small = batchSize * 4 * features4 * classes <= WHOLE_MACS && wholeSteps(shape, threads) > 0;
  return small && !gathered && storageBuffers >= WHOLE_BUFFERS && blockRows >= batchSize;
}

/** A thread takes a row, and a vector of features, at a time; the tile is that of the fused kernel, which evaluates. */
function whole([tile]: Tile[]): Tile[] {
  return tile ? [{ ...tile, kind: "steps" }] : [];
}

/** A software adapter wants much work in registers; a GPU wants many threads. */
function fused({ features4, classes }: Shape, slow: boolean): Tile[] {
  if (classes > FUSED_CLASSES) return [];
  const most = Math.min(8, Math.floor(ACCUMULATORS / (4 * classes)));
  const least = Math.ceil(features4 / (MOST_THREADS - 4));
  if (least > most) return [];
  const vectors = Math.max(least, slow ? most : Math.min(most, Math.ceil(features4 / 128)));
  const mostRows = Math.max(1, Math.min(8, Math.floor(ACCUMULATORS / classes)));
  const rows = slow ? [mostRows, Math.ceil(mostRows / 2)] : [2, 4, 1].filter((one) => one <= mostRows);
  return rows.map((one) => ({ kind: "fused", rows: one, vectors, subgroups: false }));
}

function tiled(slow: boolean): Tile[] {
  const tiles = slow ? [[8, 2], [4, 2]] : [[4, 1], [8, 2], [4, 2], [2, 1]]; // prettier-ignore
  return tiles.map(([rows, vectors]) => ({ kind: "tiled", rows, vectors, subgroups: false }));
}

/** As a model records it, and `kernels` pins it: "fused 8x2 subgroups". */
export function nameOf({ kind, rows, vectors, subgroups }: Choice): string {
  return `${kind} ${rows}x${vectors}${subgroups ? " subgroups" : ""}`;
}

/** The choice of that name. Throws an OptionError when it is none, or cannot be had for this shape on this adapter. */
export function choiceNamed(name: string, shape: Shape, capacity: Capacity): Choice {
  const [, kind, rows, vectors, subgroups] =
    name.match(/^(steps|fused|tiled) ([1-8])x([1-8])( subgroups)?$/) ?? [];
  const possible = (["steps", "fused", "tiled"] as const).flatMap((one) =>
    choices(shape, { ...capacity, kind: one }),
  );
  const like = possible.find((one) => one.kind === kind);
  if (like && !(subgroups && !capacity.subgroups)) {
    const pinned = {
      kind: like.kind,
      rows: Number(rows),
      vectors: Number(vectors),
      subgroups: Boolean(subgroups),
    };
    if (Math.ceil(shape.features4 / pinned.vectors) <= MOST_THREADS - 4 || pinned.kind === "tiled")
      return pinned;
  }
  throw new OptionError(
    `kernels is ${JSON.stringify(name)}, which cannot be had for this shape on this adapter. ` +
      `It can be "auto", "table", or one such as ${possible.map((one) => JSON.stringify(nameOf(one))).join(", ")}.`,
  );
}
