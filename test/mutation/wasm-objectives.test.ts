/**
 * Checks that the tests of objectives can fail: each wrong kernel, made by one edit of its source, must
 * exceed the error bound of its result. The printed table says by how much, and how near the right kernels
 * come to the bound.
 */
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import type { Rows } from "../../src/core/rows.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { LOOKS, lookAround, objectiveOf } from "../conformance/objectives.js";
import { type Shape, offset, randomRows } from "../conformance/problems.js";
import { editedKernels } from "./edited-assembly.js";
import { KERNELS, type KernelKind, pinnedEngine } from "../unit/engine/wasm/pinned.js";
import { rhoTable } from "./rho-table.js";
import { WRONG_OBJECTIVES } from "./wrong-assembly.js";
import { type WasmEdits } from "../support/engines.js";

type Caught = (typeof WRONG_OBJECTIVES)[number]["caught"];

// Several ranges, blocks, chunks and tasks in each dimension, of rows and of vectors, none of them full, on
// two threads.
const SHAPES: Readonly<Record<KernelKind, Shape>> = {
  fused: { count: 603, features: 401, classes: 11 },
  tiled: { count: 603, features: 141, classes: 71 },
};

const runsOf = (shape: Shape) => [
  { rows: randomRows(shape, "f32", 171), intercept: true },
  {
    rows: { ...offset(randomRows(shape, "bytes", 171), shape.classes, 173), scale: 0.01 },
    intercept: false,
  },
];
const RUNS = { fused: runsOf(SHAPES.fused), tiled: runsOf(SHAPES.tiled) };

type Errors = Readonly<Partial<Record<Caught, number>>>;

/**
 * Runs on floats with an intercept, then on bytes of an odd scale and offsets without one, unless an edit is
 * caught before, whose other results are then not looked at.
 */
async function errors(kernels: KernelKind, options: WasmEdits, caught?: Caught): Promise<Errors> {
  const { classes } = SHAPES[kernels];
  const looks = LOOKS.filter((look) => caught === undefined || look === caught);
  const found: Record<Caught, number>[] = [];
  for (const { rows, intercept } of RUNS[kernels]) {
    const engine = await pinnedEngine(kernels, { threads: 2, ...options });
    const one = await lookAround(engine, rows, objectiveOf(rows, classes, intercept), 172, looks);
    found.push({ ...one, sums: await sumsError(engine, rows, classes) });
    engine.close();
    if (caught && (found.at(-1)?.[caught] ?? 0) > 1) break;
  }
  const largest = ([...looks, "sums"] as const).map((look) => [
    look,
    found.map((one) => one[look]).reduce(maxOrInfinity),
  ]);
  return Object.fromEntries(largest);
}

/** Computes 2v − u + 3v in place of v. Returns 0 if it is exact everywhere, otherwise infinity. */
async function sumsError(engine: Engine, rows: Rows, classes: number): Promise<number> {
  const placement = await engine.place(rows);
  const objective = await placement.objective(objectiveOf(rows, classes));
  const { space } = objective;
  try {
    const integers = Float32Array.from({ length: (rows.features + 1) * classes }, (_, i) => (i % 41) - 20);
    const [u, v] = [integers.toReversed(), integers].map((values) => space.vector(values));
    space.combine(v, [[2, v], [-1, u], [3, v]]); // prettier-ignore
    const found = await space.read(v);
    return found.every((sum, i) => sum === 5 * integers[i] - integers[integers.length - 1 - i])
      ? 0
      : Infinity;
  } finally {
    objective.release();
    placement.release();
  }
}

const show = rhoTable<Caught>();

test.each(KERNELS)("the right kernels stay within the bound: %s", async (kernels) => {
  const found = await errors(kernels, {});
  show(`${kernels}: right`, found);
  for (const rho of Object.values(found)) expect(rho).toBeLessThan(0.5);
});

test.each(WRONG_OBJECTIVES)("$file, $kernels, is caught when $what", async (wrong) => {
  const { what, file, caught, kernels } = wrong;
  const found = await errors(kernels, { kernels: await editedKernels(wrong) }, caught);
  show(`${file}, ${kernels}: ${what}`, found);
  expect(found[caught]).toBeGreaterThan(1);
});
