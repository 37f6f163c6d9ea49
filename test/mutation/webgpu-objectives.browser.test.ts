/**
 * Checks that the tests of objectives can fail: each wrong kernel, made by one edit of the shader's text,
 * must exceed the error bound.
 */
import { afterAll, expect, test } from "vitest";
import type { Capacity } from "../../src/engine/webgpu/device/capacity.js";
import type { Edited, KernelName } from "../../src/engine/webgpu/kernels/kernels.js";
import type { Rows } from "../../src/core/rows.js";
import { range } from "../../src/core/random.js";
import { gamma, ratio } from "../../src/parity/step.js";
import { LOOKS, type Look, type Looks, lookAround, objectiveOf } from "../conformance/objectives.js";
import { KEPT_KINDS, type Kind, type Shape, randomRows, randomWeights } from "../conformance/problems.js";
import { edited } from "./edited-shader.js";
import { withObjective } from "../unit/engine/webgpu/with-objective.js";
import { webgpuEngine } from "../support/engines.js";

interface Wrong {
  readonly what: string;
  readonly kernel: KernelName;
  readonly edit: readonly [string, string];
  readonly look: Look;
  readonly intercept?: boolean;
}

/** Edits of text that occurs in each of the passes over rows and classes. */
const ofRows = (["softmax", "trial", "bend"] as const).flatMap((kernel): Wrong[] => {
  const look = { softmax: "losses", trial: "trials", bend: "curvature" } as const;
  const uniform = kernel === "bend" ? "block" : "part";
  const wrong = (what: string, ...edit: [string, string]): Wrong => ({
    what,
    kernel,
    edit,
    look: look[kernel],
  });
  return [
    wrong(
      "the last row of a block is missing",
      `let inside = i < ${uniform}.rows;`,
      `let inside = i + 1u < ${uniform}.rows;`,
    ),
    wrong(
      "rows in the order of the data",
      `let row = order[${uniform}.first + n];`,
      `let row = ${uniform}.first + n + 0u * order[0];`,
    ),
    wrong("one label wrong", "let label = labels[row];", "let label = select(labels[row], 0u, row == 5u);"),
    wrong(
      "the largest logit is not taken off",
      "top = max(top, max(max(four.x, four.y), max(four.z, four.w)));",
      "top = 0.0;",
    ),
    wrong(
      "padding counts as a class",
      "vec4u(CLASSES)); // the power of padding is 0",
      "vec4u(CLASSES + 1u)); // ",
    ),
  ];
});

const WRONG: readonly Wrong[] = [
  {
    what: "the last row of a tile is missing",
    kernel: "logits",
    edit: ["if (begin + r < block.rows) { // when", "if (begin + r + 1u < block.rows) { // when"],
    look: "logits",
  },
  {
    what: "two classes are exchanged",
    kernel: "logits",
    edit: ["z[r][4u * c + 2u], z[r][4u * c + 3u]);", "z[r][4u * c + 3u], z[r][4u * c + 2u]);"],
    look: "logits",
  },
  {
    what: "labels are taken off twice",
    kernel: "gradient",
    edit: ["let r = powers[n * CLASSES4 + column];", "let r = powers[n * CLASSES4 + column] - targets;"],
    look: "gradient",
  },
  {
    what: "the earlier blocks are forgotten",
    kernel: "gradient",
    edit: ["          if (block.continues != 0u) {", "          if (false) {"],
    look: "gradient",
  },
  // A row's label does not affect its curvature.
  ...ofRows.filter(({ kernel, what }) => kernel !== "bend" || what !== "one label wrong"),
  ...(["softmax", "trial"] as const).map((kernel) => ({
    what: "the row weights are ignored",
    kernel,
    edit: ["select(0.0, rowWeights[row], inside)", "select(0.0 * rowWeights[row], 1.0, inside)"] as const,
    look: kernel === "trial" ? ("trials" as const) : ("losses" as const),
  })),
  ...(["softmax", "trial"] as const).map((kernel) => ({
    what: "all blocks' sums are in one place",
    kernel,
    edit: ["sums[part.sum + group.x]", "sums[group.x]"] as const,
    look: kernel === "trial" ? ("trials" as const) : ("losses" as const),
  })),
  ...(["softmax", "trial"] as const).map((kernel) => ({
    what: "the loss is that of a certain row",
    kernel,
    edit: ["others < 0.01", "others < 100.0"] as const,
    look: kernel === "trial" ? ("trials" as const) : ("losses" as const),
  })),
  {
    what: "the label's residual is that of any class",
    kernel: "softmax",
    edit: ["vec4f(-others)", "exp(four - top)"],
    look: "gradient",
  },
  {
    what: "the label's residual has no sign",
    kernel: "softmax",
    edit: ["vec4f(-others)", "vec4f(others)"],
    look: "gradient",
  },
  {
    what: "powers are not divided by their sum",
    kernel: "softmax",
    edit: ["classes == vec4u(label)) / sum);", "classes == vec4u(label)));"],
    look: "gradient",
  },
  {
    what: "Z stays",
    kernel: "softmax",
    edit: ["z[at] += part.t * change[at];", "z[at] += 0.0 * part.t * change[at];"],
    look: "move",
  },
  {
    what: "Z goes all the way",
    kernel: "softmax",
    edit: ["z[at] += part.t * change[at];", "z[at] += change[at];"],
    look: "move",
  },
  {
    what: "threads without a row move the last one",
    kernel: "softmax",
    edit: ["if (MOVE && inside)", "if (MOVE)"],
    look: "move",
  },
  {
    what: "all trials are of Z",
    kernel: "trial",
    edit: [
      "z[at] + part.t * change[at], classes < vec4u(CLASSES)",
      "z[at] + 0.0 * part.t * change[at], classes < vec4u(CLASSES)",
    ],
    look: "trials",
  },
  {
    what: "the slope does not see the label",
    kernel: "trial",
    edit: ["let d = change[at] - own;", "let d = change[at] - 0.0 * own;"],
    look: "trials",
  },
  {
    what: "the curvature is the second moment",
    kernel: "trial",
    edit: ["whole.w / sum - slope * slope", "whole.w / sum"],
    look: "trials",
  },
  {
    what: "the row weights are ignored",
    kernel: "bend",
    edit: ["let weight = rowWeights[row];", "let weight = select(0.0 * rowWeights[row], 1.0, true);"],
    look: "curvature",
  },
  {
    what: "the mean is not taken off",
    kernel: "bend",
    edit: ["((u[at] - own) - mean)", "(u[at] - own)"],
    look: "curvature",
  },
  {
    what: "the mean is not divided by the powers' sum",
    kernel: "bend",
    edit: ["let mean = whole.y / whole.x;", "let mean = whole.y;"],
    look: "curvature",
  },
  {
    what: "the last slot is missing",
    kernel: "total",
    edit: ["for (var slot = 0u; slot < SLOTS; slot++)", "for (var slot = 0u; slot + 1u < SLOTS; slot++)"],
    look: "gradient",
  },
  {
    what: "1/N of the data",
    kernel: "total",
    edit: ["gradient *= scales.scale;", "gradient *= 1.0 / 602.0 + 0.0 * scales.scale;"],
    look: "gradient",
  },
  {
    what: "a penalised intercept",
    kernel: "total",
    edit: ["penalties[at / CLASSES4]", "penalties[min(at, INTERCEPT - 1u) / CLASSES4]"],
    look: "gradient",
  },
  {
    what: "no penalty",
    kernel: "total",
    edit: ["penalties[at / CLASSES4] * weights[at]", "0.0 * penalties[at / CLASSES4] * weights[at]"],
    look: "curvature",
  },
  {
    what: "the penalty of the next feature",
    kernel: "total",
    edit: ["penalties[at / CLASSES4]", "penalties[at / CLASSES4 + 1u]"],
    look: "gradient",
  },
  {
    what: "an intercept where there is none",
    kernel: "total",
    edit: ["if (!FIT_INTERCEPT && at", "if (false && at"],
    look: "gradient",
    intercept: false,
  },
  {
    what: "a thread's last vector is missing",
    kernel: "products",
    edit: ["for (var v = 0u; v < VECTORS; v++)", "for (var v = 0u; v + 1u < VECTORS; v++)"],
    look: "vectors",
  },
  {
    what: "the penalised are without their penalties",
    kernel: "products",
    edit: ["penalties[at / CLASSES4]", "(1.0 + 0.0 * penalties[at / CLASSES4])"],
    look: "vectors",
  },
  {
    what: "the penalties are those of the next features",
    kernel: "products",
    edit: ["penalties[at / CLASSES4]", "penalties[at / CLASSES4 + 1u]"],
    look: "vectors",
  },
  {
    what: "the intercept is among the penalised",
    kernel: "products",
    edit: ["penalties[at / CLASSES4]", "penalties[at / CLASSES4 % 350u]"],
    look: "vectors",
  },
  {
    what: "the sum is without what has no penalty",
    kernel: "products",
    edit: ["sum += product;", "sum += select(vec4f(), product, penalties[at / CLASSES4] > 0.0);"],
    look: "vectors",
  },
  {
    what: "the largest is that of negative products",
    kernel: "products",
    edit: ["max(largest, abs(product))", "max(largest, -product)"],
    look: "vectors",
  },
  {
    what: "the largest is the first thread's",
    kernel: "products",
    edit: ["max(mine.z, other.z)", "mine.z"],
    look: "vectors",
  },
  {
    what: "the barrier before the sum is dropped",
    kernel: "products",
    edit: ["dot(penalised, one), most, 0.0);\n  workgroupBarrier();", "dot(penalised, one), most, 0.0);"],
    look: "vectors",
  },
  {
    what: "the last four columns are missing",
    kernel: "multiply",
    edit: ["column < 4u * FEATURES4; column++", "column + 4u < 4u * FEATURES4; column++"],
    look: "vectors",
  },
  {
    what: "four rows are one",
    kernel: "multiply",
    edit: ["sum[k] += rows[k] * w;", "sum[k] += rows.x * w;"],
    look: "vectors",
  },
  {
    what: "padding is among the classes",
    kernel: "centre",
    edit: ["/ f32(CLASSES);", "/ f32(4u * CLASSES4);"],
    look: "vectors",
  },
  {
    what: "the last feature stays",
    kernel: "centre",
    edit: ["if (feature < features.past) {", "if (feature + 4u < features.past) {"],
    look: "vectors",
  },
  ...(["orthant", "restrict"] as const).map((kernel) => ({
    what: "the last vector is missing",
    kernel,
    edit: ["if (at >= COUNT) {", "if (at >= INTERCEPT - 1u) {"] as const,
    look: "orthant" as const,
  })),
  ...(["orthant", "restrict"] as const).map((kernel) => ({
    what: "the intercept is among the penalised",
    kernel,
    edit: ["if (at >= INTERCEPT) {", "if (false) {"] as const,
    look: "orthant" as const,
  })),
  {
    what: "the last features are missing",
    kernel: "subgradient",
    edit: ["if (at >= COUNT) {", "if (at >= COUNT - 4u * CLASSES4) {"],
    look: "orthant",
  },
  {
    what: "l1 is that of the next feature",
    kernel: "subgradient",
    edit: ["l1[at / CLASSES4]", "l1[at / CLASSES4 + 1u]"],
    look: "orthant",
  },
  {
    what: "the intercept has the l1 of the first feature",
    kernel: "subgradient",
    edit: ["l1[at / CLASSES4]", "l1[at / CLASSES4 % 350u]"],
    look: "orthant",
  },
  {
    what: "l1 pushes weights away from 0",
    kernel: "subgradient",
    edit: ["g + most * sign(w)", "g - most * sign(w)"],
    look: "orthant",
  },
  {
    what: "the sign is the gradient's",
    kernel: "subgradient",
    edit: ["g + most * sign(w)", "g + most * sign(g)"],
    look: "orthant",
  },
  {
    what: "weights that are 0 are as others",
    kernel: "subgradient",
    edit: ["w != vec4f()", "vec4<bool>(true)"],
    look: "orthant",
  },
  {
    what: "a gradient is brought towards 0 from above only",
    kernel: "subgradient",
    edit: ["clamp(g, -most, most)", "clamp(g, vec4f(), most)"],
    look: "orthant",
  },
  {
    what: "weights are free where both are not 0",
    kernel: "restrict",
    edit: [" | ", " & "],
    look: "orthant",
  },
  {
    what: "weights that are 0 are not free",
    kernel: "restrict",
    edit: ["(subgradient[at] != vec4f())", "vec4<bool>(subgradient[at].x > 1e9)"],
    look: "orthant",
  },
  {
    what: "weights whose subgradient is 0 are not free",
    kernel: "restrict",
    edit: ["(weights[at] != vec4f())", "vec4<bool>(weights[at].x > 1e9)"],
    look: "orthant",
  },
  {
    what: "all weights are free",
    kernel: "restrict",
    edit: ["(weights[at] != vec4f())", "vec4<bool>(weights[at].x < 1e9)"],
    look: "orthant",
  },
  {
    what: "weights that are 0 go uphill",
    kernel: "orthant",
    edit: ["-subgradient[at]", "subgradient[at]"],
    look: "orthant",
  },
  {
    what: "weights that are 0 stay so",
    kernel: "orthant",
    edit: ["select(-subgradient[at], w, w != vec4f())", "w + 0.0 * subgradient[at]"],
    look: "orthant",
  },
  {
    what: "all weights must go downhill",
    kernel: "orthant",
    edit: ["w != vec4f()", "vec4<bool>(false)"],
    look: "orthant",
  },
  {
    what: "weights may change their sign",
    kernel: "orthant",
    edit: ["moved * side > vec4f()", "abs(side) > vec4f()"],
    look: "orthant",
  },
];

/** Edits of kernels in which threads share a row. */
const WRONG_LANES: readonly Wrong[] = [
  ...(["softmax", "trial", "bend"] as const).flatMap((kernel): Wrong[] => {
    const look = ({ softmax: "losses", trial: "trials", bend: "curvature" } as const)[kernel];
    return [
      {
        what: "the largest logit is the first lane's",
        kernel,
        edit: ["parts[thread].x = max(parts[thread].x, parts[thread + half].x);", "parts[thread].x += 0.0;"],
        look: kernel === "softmax" ? "move" : look, // where exponentials overflow
      },
      {
        what: "a lane keeps its sum to itself",
        kernel,
        edit: [
          "    if (lane < half) {\n      parts[thread] +=",
          "    if (lane + 1u < half) {\n      parts[thread] +=",
        ],
        look,
      },
      {
        what: "the barrier before the sum is dropped",
        kernel,
        edit: ["  parts[thread] = value;\n  workgroupBarrier();", "  parts[thread] = value;"],
        look,
      },
    ];
  }),
  {
    what: "a lane keeps its sum to itself",
    kernel: "centre",
    edit: ["if (lane < half) {", "if (lane + 1u < half) {"],
    look: "vectors",
  },
];

interface Case {
  readonly shape: Shape;
  readonly capacity: Partial<Capacity>;
}

// This many features make exponentials overflow. The case has three blocks, the last of which fills no
// workgroup, and four slots.
const CASE: Case = { shape: { count: 602, features: 350, classes: 10 }, capacity: { blockRows: 256 } };
const LANES: Case = {
  shape: { count: 92, features: 302, classes: 137 },
  capacity: { slow: false, blockRows: 50 },
};

async function looked(
  { shape, capacity }: Case,
  kernels: Edited,
  kind: Kind,
  intercept = true,
): Promise<Looks> {
  const rows = { ...randomRows(shape, kind, 171), ...(kind === "bytes" && { scale: 0.01 }) };
  const engine = await webgpuEngine({ capacity, edited: kernels });
  const looks = await lookAround(engine, rows, objectiveOf(rows, shape.classes, intercept), 172);
  engine.close();
  return looks;
}

const table: string[] = [];
const show = (what: string, looks: Looks) => {
  const rhos = LOOKS.map((look) => `${look} ${looks[look].toPrecision(2)}`);
  table.push(`${what.padEnd(62)} ${rhos.join("  ")}`);
};
afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));

test.each(KEPT_KINDS)("the right kernels stay within the bounds, on %s", async (kind) => {
  for (const one of [CASE, LANES]) {
    const looks = await looked(one, {}, kind);
    show(`right, ${one.shape.classes} classes, ${kind}`, looks);
    for (const look of LOOKS) expect(looks[look], look).toBeLessThan(0.5);
  }
});

test.each(WRONG)("$kernel is caught when $what", async ({ what, kernel, edit, look, intercept }) => {
  const looks = await looked(CASE, edited(kernel, edit), "f32", intercept);
  show(`${kernel}: ${what}`, looks);
  expect(looks[look]).toBeGreaterThan(1);
});

test.each(WRONG_LANES)("$kernel, shared, is caught when $what", async ({ what, kernel, edit, look }) => {
  const looks = await looked(LANES, edited(kernel, edit), "f32");
  show(`${kernel}, shared: ${what}`, looks);
  expect(looks[look]).toBeGreaterThan(1);
});

/** Combines seven vectors, one of them twice, into that one. Returns the largest error ÷ bound. */
async function summed(kernels: Edited): Promise<number> {
  const shape = { count: 4, features: 40, classes: 5 };
  const rows = randomRows(shape, "f32", 181);
  const factors = [1, -2, 0.5, 3, -0.75, 0, 2];
  const values = factors.map((_, n) => randomWeights(shape, 182 + n));
  const found = await withObjective({ edited: kernels }, rows, objectiveOf(rows, 5), (objective) => {
    const vectors = values.map((one) => objective.vector(one));
    const terms = vectors.map((vector, n) => [factors[n], vector] as const);
    objective.combine(vectors[2], [...terms, [2, vectors[2]]]);
    return objective.read(vectors[2]);
  });
  const sumOf = (i: number, one: (value: number) => number) =>
    values.reduce((sum, value, n) => sum + one((factors[n] + (n === 2 ? 2 : 0)) * value[i]), 0);
  const exact = Float64Array.from(found, (_, i) => sumOf(i, (value) => value));
  return ratio(found, exact, (i) => gamma(8) * sumOf(i, Math.abs));
}

test("a sum of seven vectors is within its bound", async () => {
  expect(await summed({})).toBeLessThan(1);
});

test.each([
  { what: "it forgets itself", edit: ["if (terms.own != 0.0) {", "if (false) {"] },
  ...[1, 2, 3, 4].map((n) => ({
    what: `it forgets term ${n}`,
    edit: [`sum += terms.factor${n} * term${n}[at];`, `sum += 0.0 * terms.factor${n} * term${n}[at];`],
  })),
  { what: "two have one factor", edit: ["terms.factor2 * term2[at]", "terms.factor1 * term2[at]"] },
])("and is not when $what", async ({ edit: [from, to] }) => {
  expect(await summed(edited("combine", [from, to]))).toBeGreaterThan(1);
});

/**
 * Hits of all rows at zero weights, where all logits are equal, and their expected number: the rows of the
 * first class.
 */
async function hitsOfEquals(kernels: Edited): Promise<[found: readonly number[], expected: number]> {
  const shape = { count: 70, features: 3, classes: 11 };
  const rows = randomRows(shape, "f32", 191);
  const problem = { ...objectiveOf(rows, 11), rows: range(70) };
  const weightOf = (row: number) => rows.weights?.[row] ?? 1;
  const expected = range(70).reduce((sum, row) => sum + (rows.labels[row] === 0 ? weightOf(row) : 0), 0);
  const sums = await withObjective({ edited: kernels }, rows, problem, (objective) => {
    const [w, g] = [objective.vector(), objective.vector()];
    return Promise.all([
      objective.linearize(w, g),
      objective.step(1, w, g),
      objective.evaluate(w, problem.rows),
    ]);
  });
  return [sums.map(({ hits }) => hits), expected];
}

test("the first of equal logits is the largest", async () => {
  const [found, expected] = await hitsOfEquals({});
  expect(found).toEqual([expected, expected, expected]);
});

test.each([
  { what: "any may be", edit: ["(whole.z == 0.0)", "true"] },
  { what: "none may be", edit: ["(classes < vec4u(label))", "(classes <= vec4u(label))"] },
  { what: "the row weights are ignored", edit: ["weight * hit", "hit"] },
])("and is not when $what", async ({ edit: [from, to] }) => {
  const [found, expected] = await hitsOfEquals(edited("softmax", [from, to]));
  for (const hits of found) expect(hits).not.toBe(expected);
});

/**
 * One row whose logits are 6 for its label and −6 for two more classes: 1 − s is about 10⁻⁵, a hundred times
 * U. Everything computed from it must be within the accuracy of an exponential (3 + 2·12 ulp) and a few
 * roundings. Returns the largest error ÷ bound.
 */
async function certain(kernels: Edited): Promise<number> {
  const [labels, weights] = [Uint32Array.of(1), Float32Array.of(1)];
  const rows: Rows = { count: 1, features: 1, x: Float32Array.of(1), scale: 1, labels, weights };
  const problem = { classes: 3, intercept: false, scale: 1, penalties: Float64Array.of(0), rows: range(1) };
  const others = 2 * Math.exp(-12);
  const p = 1 / (1 + others);
  const found = await withObjective({ edited: kernels }, rows, problem, async (objective) => {
    const at = objective.vector(Float32Array.of(-6, 6, -6, 0, 0, 0));
    const along = objective.vector(Float32Array.of(0, 1, 0, 0, 0, 0));
    const [g, h] = [objective.vector(), objective.vector()];
    const asked = [objective.linearize(at, g), objective.evaluate(at, range(1))];
    objective.setDirection(along);
    objective.curvature(along, h);
    const [[looked, evaluated], [trial], gradient, curved] = await Promise.all([
      Promise.all(asked),
      objective.evaluateAlong([0]),
      objective.read(g),
      objective.read(h),
    ]);
    const { loss, slope, curvature } = trial;
    return [
      looked.loss,
      evaluated.loss,
      loss,
      slope,
      curvature,
      gradient[1],
      gradient[2],
      curved[1],
      curved[0],
    ];
  });
  const loss = Math.log1p(others);
  const bend = p * others * p;
  const r = others * p;
  const exact = Float64Array.of(loss, loss, loss, -r, bend, -r, r / 2, bend, -bend / 2);
  return ratio(found, exact, (i) => gamma(40) * Math.abs(exact[i]));
}

test("what is left of a row that is all but certain is right", async () => {
  expect(await certain({})).toBeLessThan(1);
});

test.each<{ what: string; kernel: KernelName; edit: readonly [string, string] }>([
  ...(["softmax", "trial"] as const).map((kernel) => ({
    what: "the loss is a logarithm near 1",
    kernel,
    edit: ["others < 0.01", "others < 0.0"] as const,
  })),
  {
    what: "the residual is a difference from 1",
    kernel: "softmax",
    edit: ["vec4f(-others)", "exp(four - top) - sum"],
  },
  {
    what: "the mean is not counted from the label",
    kernel: "bend",
    edit: ["let own = labelled[label % 4u];", "let own = 0.0 * labelled[label % 4u];"],
  },
  {
    what: "the loss has no square",
    kernel: "trial",
    edit: ["others * (1.0 - others *", "others * (1.0 - 0.0 * others *"],
  },
])("and is not when $what in $kernel", async ({ kernel, edit }) => {
  expect(await certain(edited(kernel, edit))).toBeGreaterThan(1);
});
