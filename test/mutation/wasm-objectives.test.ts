/**
 * Checks that the tests of objectives can fail: each wrong kernel, made by one edit of its source, must
 * exceed the error bound of its result. The printed table says by how much, and how near the right kernels
 * come to the bound.
 */
import { expect, test, vi } from "vitest";
import type { Engine } from "../../src/engine/engine.js";
import type { Rows } from "../../src/core/rows.js";
import { maxOrInfinity } from "../../src/parity/stages.js";
import { LOOKS, type Look, lookAround, objectiveOf } from "../conformance/objectives.js";
import { type Shape, randomRows } from "../conformance/problems.js";
import { editedKernels } from "./edited-assembly.js";
import { KERNELS, type KernelKind, pinnedEngine } from "../unit/engine/wasm/pinned.js";
import { type Wrong, rhoTable } from "./wrong.js";
import { type WasmEdits } from "../support/engines.js";

vi.setConfig({ testTimeout: 60_000 }); // kernels are compiled

/** A result of `lookAround`, or sums of vectors of small integers, which are exact. */
type Caught = Look | "sums";

/** Edits of second-pass.ts. */
const SECOND_PASS: readonly Omit<Wrong<Caught>, "file">[] = [
  ...KERNELS.flatMap((kernels) => [
    {
      what: "the logits of every block are kept where the first one's are",
      kernels,
      edit: ["((pack.first + i) * plan.paddedClasses) << 2", "(i * plan.paddedClasses) << 2"] as const,
      caught: "logits" as const,
    },
    {
      what: "the changes of every block are kept where the first one's are",
      kernels,
      edit: [
        "plan.direction + offset);\n  } else if (entry.operation == EVALUATE_ALONG)",
        "plan.direction + ((i * plan.paddedClasses) << 2));\n  } else if (entry.operation == EVALUATE_ALONG)",
      ] as const,
      caught: "along" as const,
    },
    {
      what: "the curvature is that of the first block's logits",
      kernels,
      edit: [
        "next, plan.point + offset);\n  } else {",
        "next, plan.point + ((i * plan.paddedClasses) << 2));\n  } else {",
      ] as const,
      caught: "curvature" as const,
    },
  ]),
  {
    what: "a look does not keep its logits",
    kernels: "fused",
    edit: ["if (entry.operation == LINEARIZE) storeLogits(", "if (false) storeLogits("],
    caught: "logits",
  },
  {
    what: "a move does not keep its logits",
    kernels: "tiled",
    edit: ["offset, entry.t);\n      storeLogits(", "offset, entry.t);\n      if (false) storeLogits("],
    caught: "move",
  },
  {
    what: "the last class is not kept",
    kernels: "fused",
    edit: [
      "for (; z < past; z += next) {\n    v128.store(to,",
      "for (; z + 2 * next < past; z += next) {\n    v128.store(to,",
    ],
    caught: "logits",
  },
  {
    what: "the last class does not move",
    kernels: "tiled",
    edit: [
      "for (; z < past; z += next) {\n    v128.store(z,",
      "for (; z + 2 * next < past; z += next) {\n    v128.store(z,",
    ],
    caught: "move",
  },
  {
    what: "all classes change like the first",
    kernels: "fused",
    edit: ["    direction += 16;\n", ""],
    caught: "move",
  },
  {
    what: "t is ignored",
    kernels: "tiled",
    edit: ["f32x4.mul(f32x4.splat(t), v128.load(direction))", "v128.load(direction)"],
    caught: "move",
  },
  {
    what: "t counts twice",
    kernels: "fused",
    edit: ["f32x4.splat(t)", "f32x4.splat(t * t)"],
    caught: "trials",
  },
  {
    what: "a trial does not take off the largest logit",
    kernels: "fused",
    edit: ["const top = largest(z, past, next);", "const top = f32x4.splat(0);"],
    caught: "trials",
  },
  {
    what: "a trial forgets the last class",
    kernels: "tiled",
    edit: ["for (let at = z; at < past; at += next) {", "for (let at = z; at + next < past; at += next) {"],
    caught: "trials",
  },
  {
    what: "a trial's mean change is not divided by the sum of powers",
    kernels: "fused",
    edit: ["  mean = f32x4.div(mean, sum);\n  square", "  square"],
    caught: "trials",
  },
  {
    what: "a trial's mean square is not divided by the sum of powers",
    kernels: "tiled",
    edit: ["  square = f32x4.div(square, sum);\n", ""],
    caught: "trials",
  },
  {
    what: "a trial's mean square is of no square",
    kernels: "fused",
    edit: ["madd(weighted, one, square)", "f32x4.add(weighted, square)"],
    caught: "trials",
  },
  {
    what: "the second derivative is without the square of the mean",
    kernels: "tiled",
    edit: ["f32x4.sub(square, f32x4.mul(mean, mean))", "square"],
    caught: "trials",
  },
  {
    what: "the first derivative is without the change of the label's logit",
    kernels: "fused",
    edit: ["f32x4.sub(mean, valuesOfLabels(label, direction, 16))", "mean"],
    caught: "trials",
  },
  {
    what: "the first derivative has the label of the row beside",
    kernels: "tiled",
    edit: [
      "valuesOfLabels(label, direction, 16)",
      "valuesOfLabels(v128.shuffle<f32>(label, label, 1, 0, 3, 2), direction, 16)",
    ],
    caught: "trials",
  },
  {
    what: "a trial's loss is not weighted",
    kernels: "fused",
    edit: ["addToSum(sums, f32x4.mul(weight, loss));", "addToSum(sums, loss);"],
    caught: "trials",
  },
  {
    what: "the first derivative is not weighted",
    kernels: "tiled",
    edit: ["addToSum(sums + 8, f32x4.mul(weight, ", "addToSum(sums + 8, f32x4.mul(f32x4.splat(1), "],
    caught: "trials",
  },
  {
    what: "the second derivative is not weighted",
    kernels: "fused",
    edit: ["addToSum(sums + 16, f32x4.mul(weight, ", "addToSum(sums + 16, f32x4.mul(f32x4.splat(1), "],
    caught: "trials",
  },
  {
    what: "a curvature does not take off the largest logit",
    kernels: "tiled",
    edit: ["const top = largest(point, end, 16);", "const top = f32x4.splat(0);"],
    caught: "curvature",
  },
  {
    what: "a curvature forgets the power of the last class",
    kernels: "fused",
    edit: [
      "for (let z = point; z < end; z += 16) {\n    const power = exp4(",
      "for (let z = point; z + 16 < end; z += 16) {\n    const power = exp4(",
    ],
    caught: "curvature",
  },
  {
    what: "a curvature leaves the last class as it is",
    kernels: "tiled",
    edit: [
      "for (let z = point; z < end; z += 16) {\n    const power = f32x4.mul(",
      "for (let z = point; z + 16 < end; z += 16) {\n    const power = f32x4.mul(",
    ],
    caught: "curvature",
  },
  {
    what: "a curvature's mean is not divided by the sum of powers",
    kernels: "fused",
    edit: ["  mean = f32x4.div(mean, sum);\n  const factor", "  const factor"],
    caught: "curvature",
  },
  {
    what: "a curvature is without the mean",
    kernels: "tiled",
    edit: ["f32x4.sub(v128.load(at), mean)", "v128.load(at)"],
    caught: "curvature",
  },
  {
    what: "a curvature is not weighted",
    kernels: "fused",
    edit: ["f32x4.div(v128.load(pack.weights + (i << 2)), sum)", "f32x4.div(f32x4.splat(1), sum)"],
    caught: "curvature",
  },
];

/** Edits of vectors.ts. */
const VECTORS: readonly Omit<Wrong<Caught>, "file">[] = [
  {
    what: "a sum forgets the last term",
    kernels: "fused",
    edit: ["term < past; term += 8", "term + 8 < past; term += 8"],
    caught: "vectors",
  },
  {
    what: "a sum begins with what is there",
    kernels: "tiled",
    edit: ["f32x4.splat(0);\n      for (let term", "v128.load(entry.output + at);\n      for (let term"],
    caught: "sums",
  },
  {
    what: "a sum ignores its factors",
    kernels: "fused",
    edit: ["madd(v128.load32_splat(term, 4), ", "madd(f32x4.splat(1), "],
    caught: "vectors",
  },
  {
    what: "a sum is without the last range",
    kernels: "tiled",
    edit: ["<< 3);\n  const tasks = ceilDivide(count, RANGE);", "<< 3);\n  const tasks = count / RANGE;"],
    caught: "vectors",
  },
  {
    what: "an inner product is without the last range",
    kernels: "fused",
    edit: ["addSums(plan.productSums, tasks)", "addSums(plan.productSums, tasks - 1)"],
    caught: "vectors",
  },
  {
    what: "an inner product is without the last of every range",
    kernels: "tiled",
    edit: [
      "min(count, (task + 1) * RANGE), plan.productSums",
      "min(count, (task + 1) * RANGE - 1), plan.productSums",
    ],
    caught: "vectors",
  },
  {
    what: "an inner product is without two of every four",
    kernels: "fused",
    edit: ["f64x2.add(sum, f64x2.add(first, last))", "f64x2.add(sum, first)"],
    caught: "vectors",
  },
  {
    what: "a penalised product is without two of every four",
    kernels: "tiled",
    edit: ["f64x2.add(penalised, both)", "f64x2.add(penalised, f64x2.mul(low(penalties), first))"],
    caught: "vectors",
  },
  {
    what: "a penalised product has no penalties",
    kernels: "fused",
    edit: ["f64x2.add(penalised, both)", "f64x2.add(penalised, f64x2.add(first, last))"],
    caught: "vectors",
  },
  {
    what: "a penalised product has one penalty for two features",
    kernels: "tiled",
    edit: ["f64x2.mul(high(penalties), last)", "f64x2.mul(low(penalties), last)"],
    caught: "vectors",
  },
  {
    what: "a penalised product has the penalties of the next features",
    kernels: "fused",
    edit: ["plan.penalties + ((at >> 1) << 4)", "plan.penalties + ((at >> 1) << 4) + 4"],
    caught: "vectors",
  },
  {
    what: "a penalised product has penalties for the second class of two",
    kernels: "tiled",
    edit: ["plan.penalties + ((at >> 1) << 4)", "plan.penalties + (at << 4)"],
    caught: "vectors",
  },
  {
    what: "the penalties begin anew with every range",
    kernels: "fused",
    edit: ["let at = begin % round;", "let at: u32 = 0;"],
    caught: "vectors",
  },
  {
    what: "the penalties are l1's",
    kernels: "tiled",
    edit: ["plan.penalties + ((at >> 1) << 4)", "plan.l1 + ((at >> 1) << 4)"],
    caught: "vectors",
  },
  {
    what: "the largest is of two of every four",
    kernels: "fused",
    edit: [
      "f64x2.pmax(f64x2.pmax(most, f64x2.abs(first)), f64x2.abs(last))",
      "f64x2.pmax(most, f64x2.abs(first))",
    ],
    caught: "vectors",
  },
  {
    what: "the largest is that of the last range",
    kernels: "tiled",
    edit: [
      "most = max(most, load<f64>(plan.productSums + (task << 5), 16))",
      "most = load<f64>(plan.productSums + (task << 5), 16)",
    ],
    caught: "vectors",
  },
  {
    what: "the largest is not of absolute values",
    kernels: "tiled",
    edit: [
      "f64x2.pmax(f64x2.pmax(most, f64x2.abs(first)), f64x2.abs(last))",
      "f64x2.pmax(f64x2.pmax(most, first), last)",
    ],
    caught: "vectors",
  },
  {
    what: "a matrix is without its last rows",
    kernels: "fused",
    edit: ["const fours = ceilDivide(plan.features + 1, 4);", "const fours = (plan.features + 1) >> 2;"],
    caught: "vectors",
  },
  {
    what: "a matrix is without its last task",
    kernels: "tiled",
    edit: ["const tasks = ceilDivide(fours, FOURS);", "const tasks = fours / FOURS;"],
    caught: "vectors",
  },
  {
    what: "a matrix times the second class of two is that of the first",
    kernels: "fused",
    edit: ["v128.load(z + (k << 4), 16)", "v128.load(z + (k << 4))"],
    caught: "vectors",
  },
  {
    what: "the last features are not centred",
    kernels: "tiled",
    edit: ["const tasks = ceilDivide(count, FOURS);", "const tasks = count / FOURS;"],
    caught: "vectors",
  },
  {
    what: "a mean over the classes forgets the last",
    kernels: "fused",
    edit: ["k < plan.classes; k++) {\n        sum =", "k + 1 < plan.classes; k++) {\n        sum ="],
    caught: "vectors",
  },
  {
    what: "a mean over the classes counts one that is not there",
    kernels: "tiled",
    edit: ["f32x4.splat(<f32>plan.classes)", "f32x4.splat(<f32>plan.paddedClasses)"],
    caught: "vectors",
  },
];

const COUNT = "  const count = (plan.paddedClasses * plan.stride) >> 2;\n";
const TASKS = "  const tasks = ceilDivide(count, RANGE);";

/** Edits of orthant.ts. */
const ORTHANT: readonly Omit<Wrong<Caught>, "file" | "caught">[] = [
  ...[
    ["subgradient", COUNT],
    ["orthant", `  const zero = f32x4.splat(0);\n${COUNT}`],
    ["restrict", `  const zero = f32x4.splat(0);\n${COUNT}`],
  ].map(([name, body], n) => {
    const head = `export function ${name}(plan: Plan, entry: Entry): void {\n${body}`;
    return {
      what: `the last range of ${name} is missing`,
      kernels: KERNELS[n % 2],
      edit: [`${head}${TASKS}`, `${head}  const tasks = count / RANGE;`] as const,
    };
  }),
  {
    what: "l1 pushes weights away from 0",
    kernels: "tiled",
    edit: ["v128.and(w, i32x4.splat(SIGN))", "v128.andnot(i32x4.splat(SIGN), w)"],
  },
  {
    what: "the sign is the gradient's",
    kernels: "fused",
    edit: ["v128.and(w, i32x4.splat(SIGN))", "v128.and(g, i32x4.splat(SIGN))"],
  },
  {
    what: "weights that are 0 have a sign",
    kernels: "tiled",
    edit: ["v128.bitselect(left, pulled, f32x4.eq(w, f32x4.splat(0)))", "pulled"],
  },
  {
    what: "only 0 itself is 0, and not −0",
    kernels: "fused",
    edit: ["f32x4.eq(w, f32x4.splat(0))", "i32x4.eq(w, i32x4.splat(0))"],
  },
  {
    what: "a gradient is brought towards 0 from above only",
    kernels: "tiled",
    edit: ["f32x4.max(f32x4.neg(l1), f32x4.min(l1, g))", "f32x4.max(f32x4.splat(0), f32x4.min(l1, g))"],
  },
  {
    what: "a gradient is brought towards 0 without end",
    kernels: "fused",
    edit: ["f32x4.max(f32x4.neg(l1), f32x4.min(l1, g))", "f32x4.max(f32x4.neg(l1), g)"],
  },
  {
    what: "the intercept is penalised",
    kernels: "tiled",
    edit: [
      "v128.load(plan.l1 + (groupOf(plan, i) << 4))",
      "v128.or(v128.load(plan.l1 + (groupOf(plan, i) << 4)), v128.and(interceptLanes(plan, i), f32x4.splat(0.25)))",
    ],
  },
  {
    what: "l1 is that of the next feature",
    kernels: "fused",
    edit: ["plan.l1 + (groupOf(plan, i) << 4)", "plan.l1 + (groupOf(plan, i) << 4) + 4"],
  },
  {
    what: "l1 is that of the first four features",
    kernels: "tiled",
    edit: ["plan.l1 + (groupOf(plan, i) << 4)", "plan.l1"],
  },
  {
    what: "l1 is l2",
    kernels: "fused",
    edit: ["plan.l1 + (groupOf(plan, i) << 4)", "plan.penalties + (groupOf(plan, i) << 4)"],
  },
  {
    what: "the four features of every other class are others",
    kernels: "tiled",
    edit: ["(i % (plan.stride >> 1)) >> 1", "(i % plan.stride) >> 1"],
  },
  {
    what: "weights are free where both are not 0",
    kernels: "fused",
    edit: ["v128.or(f32x4.ne(w, zero), f32x4.ne(d, zero))", "v128.and(f32x4.ne(w, zero), f32x4.ne(d, zero))"],
  },
  {
    what: "weights are free where they are not 0",
    kernels: "tiled",
    edit: ["v128.or(f32x4.ne(w, zero), f32x4.ne(d, zero))", "f32x4.ne(w, zero)"],
  },
  {
    what: "weights are free where the subgradient is not 0",
    kernels: "fused",
    edit: ["v128.or(f32x4.ne(w, zero), f32x4.ne(d, zero))", "f32x4.ne(d, zero)"],
  },
  {
    what: "weights of −0 are free",
    kernels: "tiled",
    edit: ["f32x4.ne(w, zero)", "i32x4.ne(w, zero)"],
  },
  {
    what: "all weights are free",
    kernels: "fused",
    edit: ["v128.and(v, v128.or(free, interceptLanes(plan, i)))", "v"],
  },
  {
    what: "the intercept is restricted",
    kernels: "tiled",
    edit: ["v128.or(free, interceptLanes(plan, i))", "free"],
  },
  {
    what: "weights that are 0 go uphill",
    kernels: "tiled",
    edit: [
      "const down = f32x4.neg(v128.load(entry.order + (i << 4)));",
      "const down = v128.load(entry.order + (i << 4));",
    ],
  },
  {
    what: "weights that are 0 stay so",
    kernels: "fused",
    edit: ["v128.bitselect(down, w, f32x4.eq(w, zero))", "w"],
  },
  {
    what: "all weights must go downhill",
    kernels: "tiled",
    edit: ["v128.bitselect(down, w, f32x4.eq(w, zero))", "down"],
  },
  {
    what: "weights may become negative",
    kernels: "fused",
    edit: ["v128.and(f32x4.lt(moved, zero), f32x4.lt(side, zero))", "f32x4.lt(moved, zero)"],
  },
  {
    what: "weights may become positive",
    kernels: "tiled",
    edit: ["v128.and(f32x4.gt(moved, zero), f32x4.gt(side, zero))", "f32x4.gt(moved, zero)"],
  },
  {
    what: "negative weights become 0",
    kernels: "fused",
    edit: [
      "v128.or(v128.or(above, below), interceptLanes(plan, i))",
      "v128.or(above, interceptLanes(plan, i))",
    ],
  },
  {
    what: "the intercept is held by its sign",
    kernels: "tiled",
    edit: ["v128.or(v128.or(above, below), interceptLanes(plan, i))", "v128.or(above, below)"],
  },
];

const WRONG: readonly Wrong<Caught>[] = [
  ...ORTHANT.map((wrong) => ({ ...wrong, file: "orthant.ts", caught: "orthant" as const })),
  ...SECOND_PASS.map((wrong) => ({ ...wrong, file: "second-pass.ts" })),
  ...VECTORS.map((wrong) => ({ ...wrong, file: "vectors.ts" })),
  {
    what: "a move does not have its rows",
    file: "fused.ts",
    kernels: "fused",
    edit: ["else if (hasGradient(entry)) copyRows(plan, pack, 0, rows);", ""],
    caught: "move",
  },
  {
    what: "a move does not have the last four rows of a block",
    file: "fused.ts",
    kernels: "fused",
    edit: ["copyRows(plan, pack, 0, rows)", "copyRows(plan, pack, 0, rows - 4)"],
    caught: "move",
  },
  {
    what: "a trial forgets the last range",
    file: "fused.ts",
    kernels: "fused",
    edit: ["addSums(plan.sums, count)", "addSums(plan.sums, count - 1)"],
    caught: "trials",
  },
  {
    what: "a move does not have its rows",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["if (entry.operation != EVALUATE_ALONG) copyRows(", "if (hasLogits(entry)) copyRows("],
    caught: "move",
  },
  {
    what: "a trial forgets the first chunk",
    file: "tiled.ts",
    kernels: "tiled",
    edit: ["first / plan.chunkRows, last)", "0, last)"],
    caught: "trials",
  },
  {
    what: "a gradient without penalty",
    file: "update.ts",
    kernels: "fused",
    edit: ["f32x4.mul(penalties, w)", "f32x4.splat(0)"],
    caught: "gradient",
  },
  {
    what: "a penalised intercept",
    file: "update.ts",
    kernels: "tiled",
    edit: ["f32x4.mul(penalties, w)", "f32x4.mul(v128.or(penalties, v128.and(one, f32x4.splat(1))), w)"],
    caught: "gradient",
  },
  {
    what: "a gradient with the penalties of the next features",
    file: "update.ts",
    kernels: "fused",
    edit: ["plan.penalties + (feature << 2)", "plan.penalties + (feature << 2) + 4"],
    caught: "gradient",
  },
  {
    what: "a gradient with the penalties of the first features",
    file: "update.ts",
    kernels: "tiled",
    edit: ["plan.penalties + (feature << 2)", "plan.penalties"],
    caught: "gradient",
  },
  {
    what: "a gradient that is not scaled",
    file: "update.ts",
    kernels: "fused",
    edit: ["f32x4.mul(f32x4.splat(entry.gradientScale), ", "f32x4.mul(f32x4.splat(1), "],
    caught: "gradient",
  },
  {
    what: "a gradient of the intercept where there is none",
    file: "update.ts",
    kernels: "tiled",
    edit: ["plan.intercept ? g : v128.andnot(g, one)", "g"],
    caught: "gradient",
  },
];

// Several ranges, blocks, chunks and tasks in each dimension, of rows and of vectors, none of them full, on
// two threads.
const SHAPES: Readonly<Record<KernelKind, Shape>> = {
  fused: { count: 603, features: 401, classes: 11 },
  tiled: { count: 603, features: 141, classes: 71 },
};

type Errors = Readonly<Partial<Record<Caught, number>>>;

/**
 * Runs on floats with an intercept, then on bytes of an odd scale without one, unless an edit is caught
 * before, whose other results are then not looked at.
 */
async function errors(kernels: KernelKind, options: WasmEdits, caught?: Caught): Promise<Errors> {
  const { classes } = SHAPES[kernels];
  const runs = [
    { rows: randomRows(SHAPES[kernels], "f32", 171), intercept: true },
    { rows: { ...randomRows(SHAPES[kernels], "bytes", 171), scale: 0.01 }, intercept: false },
  ];
  const looks = LOOKS.filter((look) => caught === undefined || look === caught);
  const found: Record<Caught, number>[] = [];
  for (const { rows, intercept } of runs) {
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

test.each(WRONG)("$file, $kernels, is caught when $what", async ({ what, file, edit, caught, kernels }) => {
  const found = await errors(kernels, { kernels: await editedKernels(file, ...edit) }, caught);
  show(`${file}, ${kernels}: ${what}`, found);
  expect(found[caught]).toBeGreaterThan(1);
});
