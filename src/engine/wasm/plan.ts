/**
 * Writes what the kernels read from their memory: plans and entries, as words of four bytes. The fields are
 * those of `assembly/plan.ts`, in the same order.
 */
import type { Heap } from "./heap.js";

type Kind = "u32" | "f32";

export const PLAN = {
  features: "u32",
  stride: "u32",
  rowBytes: "u32",
  valueBytes: "u32",
  scale: "f32",
  x: "u32",
  labels: "u32",
  rowWeights: "u32",
  targets: "u32",
  offsets: "u32",
  classes: "u32",
  paddedClasses: "u32",
  intercept: "u32",
  adam: "u32",
  nesterov: "u32",
  momentum: "f32",
  beta2: "f32",
  oneMinusBeta1: "f32",
  oneMinusBeta2: "f32",
  epsilon: "f32",
  weightDecay: "f32",
  targetFactor: "f32",
  smoothingShare: "f32",
  moment1: "u32",
  moment2: "u32",
  tiled: "u32",
  twelveSums: "u32",
  threads: "u32",
  steps: "u32",
  entries: "u32",
  ring: "u32",
  rangeRows: "u32",
  groupRanges: "u32",
  packRows: "u32",
  partials: "u32",
  nodes: "u32",
  sums: "u32",
  nodeSums: "u32",
  scratch: "u32",
  scratchBytes: "u32",
  chunkRows: "u32",
  pack: "u32",
  tiles: "u32",
  tileRows: "u32",
  z: "u32",
  productSums: "u32",
  matrixRows: "u32",
  penalties: "u32",
  l1: "u32",
  point: "u32",
  direction: "u32",
  capturedLogits: "u32",
  capturedResidual: "u32",
  capturedLosses: "u32",
  capturedGradient: "u32",
  nextTask: "u32",
  arrived: "u32",
  generation: "u32",
} as const satisfies Record<string, Kind>;

/** The operations of entries, numbered as in `assembly/plan.ts`. */
export const OPERATIONS = {
  train: 0,
  evaluate: 1,
  linearize: 2,
  setDirection: 3,
  evaluateAlong: 4,
  step: 5,
  curvature: 6,
  combine: 7,
  product: 8,
  multiply: 9,
  centre: 10,
  subgradient: 11,
  orthant: 12,
  restrict: 13,
} as const;

export const ENTRY = {
  operation: "u32",
  order: "u32",
  first: "u32",
  rows: "u32",
  input: "u32",
  output: "u32",
  t: "f32",
  learningRate: "f32",
  gradientScale: "f32",
  penalty: "f32",
  correction1: "f32",
  correction2: "f32",
} as const satisfies Record<string, Kind>;

export type Plan = Record<keyof typeof PLAN, number>;
export type Entry = Record<keyof typeof ENTRY, number>;

/** Name and kind of each word, in order. */
const PLAN_WORDS = Object.entries(PLAN);
const ENTRY_WORDS = Object.entries(ENTRY);

const WORD = 4;
export const PLAN_BYTES = WORD * PLAN_WORDS.length;
export const PLAN_ENTRY_BYTES = WORD * ENTRY_WORDS.length;

/** Writes the given fields of a plan and leaves the others as they are. */
export function writePlan(heap: Heap, address: number, values: Partial<Plan>): void {
  const given: Readonly<Record<string, number | undefined>> = values;
  const [u32, f32] = [heap.u32(address, PLAN_WORDS.length), heap.f32(address, PLAN_WORDS.length)];
  PLAN_WORDS.forEach(([name, kind], word) => {
    const value = given[name];
    if (value !== undefined) (kind === "f32" ? f32 : u32)[word] = value;
  });
}

/** Writes entries one after another. Fields that are not given are 0. */
export function writeEntries(heap: Heap, address: number, entries: readonly Partial<Entry>[]): void {
  const length = entries.length * ENTRY_WORDS.length;
  const [u32, f32] = [heap.u32(address, length), heap.f32(address, length)];
  let word = 0;
  for (const entry of entries) {
    const given: Readonly<Record<string, number | undefined>> = entry;
    for (const [name, kind] of ENTRY_WORDS) (kind === "f32" ? f32 : u32)[word++] = given[name] ?? 0;
  }
}
