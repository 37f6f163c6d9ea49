/**
 * Checks that can fail: kernels that are wrong, each by one edit of the shader's text, must go past the error bound.
 * The table that is printed says by how much, and how near to it the right kernels are.
 */
import { afterAll, expect, test } from "vitest";
import type { Problem } from "../../../src/engine/engine.js";
import { KERNELS, type KernelName } from "../../../src/engine/webgpu/kernels.js";
import { webgpuEngine } from "../../../src/engine/webgpu/engine.js";
import { NO_PARITY, type Parity, type Stage, worst } from "../../../src/parity.js";
import { RULES, parityOfAll, randomRows, randomWeights, runAll } from "../problems.js";

interface Wrong {
  readonly what: string;
  readonly kernel: KernelName;
  /** Text that stands once in the shader, and what replaces it. */
  readonly edit: readonly [string, string];
  readonly stage: Stage;
}

const WRONG: readonly Wrong[] = [
  {
    what: "the last row of a tile is missing",
    kernel: "logits",
    edit: ["if (i < block.rows) {\n    logits", "if (i + 1u < block.rows) {\n    logits"],
    stage: "logits",
  },
  {
    what: "the last tile of features is missing",
    kernel: "logits",
    edit: ["for (var f = 0u; f < FEATURES4; f++)", "for (var f = 0u; f + 1u < FEATURES4; f++)"],
    stage: "logits",
  },
  {
    what: "features rounded to f16",
    kernel: "logits",
    edit: [
      "return xFloats[at];",
      "let x = xFloats[at]; return vec4f(unpack2x16float(pack2x16float(x.xy)), unpack2x16float(pack2x16float(x.zw)));",
    ],
    stage: "logits",
  },
  {
    what: "the intercept is forgotten",
    kernel: "logits",
    edit: ["SCALE * sum + intercept", "SCALE * sum"],
    stage: "logits",
  },
  {
    what: "rows in the order of the data, not of the batch",
    kernel: "logits",
    edit: ["return order[block.first + row] * FEATURES4;", "return (block.first + row) * FEATURES4;"],
    stage: "logits",
  },
  {
    what: "one class too few",
    kernel: "residual",
    edit: ["exp(z - top), classes < vec4u(CLASSES)", "exp(z - top), classes + 1u < vec4u(CLASSES)"],
    stage: "residual",
  },
  {
    what: "one class too many",
    kernel: "residual",
    edit: ["exp(z - top), classes < vec4u(CLASSES)", "exp(z - top), classes <= vec4u(CLASSES)"],
    stage: "residual",
  },
  {
    what: "the largest logit is not taken off",
    kernel: "residual",
    edit: [
      "let top = max(max(highest.x, highest.y), max(highest.z, highest.w));",
      "let top = 0.0 * highest.x;",
    ],
    stage: "loss",
  },
  {
    what: "a truncated log₂e in the exponential",
    kernel: "residual",
    edit: ["exp(z - top)", "exp2((z - top) * 1.4427)"],
    stage: "residual",
  },
  {
    what: "probabilities rounded to f16",
    kernel: "residual",
    edit: [
      "    logits[start + c] = power;",
      "    logits[start + c] = vec4f(unpack2x16float(pack2x16float(power.xy)), unpack2x16float(pack2x16float(power.zw)));",
    ],
    stage: "residual",
  },
  {
    what: "one label wrong",
    kernel: "residual",
    edit: ["let label = labels[row];", "let label = select(labels[row], 0u, row == 5u);"],
    stage: "residual",
  },
  {
    what: "the row weights are ignored",
    kernel: "residual",
    edit: ["let weight = rowWeights[row];", "let weight = 1.0 + 0.0 * rowWeights[row];"],
    stage: "residual",
  },
  {
    what: "the loss of the wrong class",
    kernel: "residual",
    edit: ["log(sum) - (labelLogit - top)", "log(sum) - (logits[start].x - top)"],
    stage: "loss",
  },
  {
    what: "one row dropped",
    kernel: "gradient",
    edit: [
      "    let x = features(rowOf(i) + f);",
      "    if (i == 3u) { continue; }\n    let x = features(rowOf(i) + f);",
    ],
    stage: "gradient",
  },
  {
    what: "the last row of a span is missing",
    kernel: "gradient",
    edit: ["let rows = min(SPAN, block.rows - first);", "let rows = min(SPAN, block.rows - first) - 1u;"],
    stage: "gradient",
  },
  {
    what: "the step's earlier blocks are forgotten",
    kernel: "gradient",
    edit: ["if (block.continues != 0u) {\n    slots[at] += sum;", "if (false) {\n    slots[at] += sum;"],
    stage: "gradient",
  },
  {
    what: "the last slot is missing",
    kernel: "reduce",
    edit: [
      "  var sum = vec4f();\n  for (var slot = 0u; slot < SLOTS; slot++)",
      "  var sum = vec4f();\n  for (var slot = 0u; slot + 1u < SLOTS; slot++)",
    ],
    stage: "gradient",
  },
  {
    what: "the intercept's gradient is scaled like a feature's",
    kernel: "reduce",
    edit: ["select(1.0, SCALE, at < INTERCEPT)", "SCALE"],
    stage: "gradient",
  },
  {
    what: "1/N for 1/batch",
    kernel: "update",
    edit: ["current.gradientScale * gradient[at]", "(1.0 / 300.0) * gradient[at]"],
    stage: "update",
  },
  {
    what: "a penalised intercept",
    kernel: "update",
    edit: ["  if (penalised) {\n    g += ", "  if (true) {\n    g += "],
    stage: "update",
  },
  {
    what: "no penalty",
    kernel: "update",
    edit: ["g += current.penalty * w;", "g += 0.0 * w;"],
    stage: "update",
  },
  {
    what: "a stale momentum",
    kernel: "update",
    edit: [
      "    let m = BETA1 * moment1[at] + ONE_MINUS_BETA1 * g;",
      "    let m = moment1[at];\n    moment1[at] = BETA1 * m + ONE_MINUS_BETA1 * g;",
    ],
    stage: "update",
  },
  {
    what: "moments without bias correction",
    kernel: "update",
    edit: ["(m / current.correction1)", "m"],
    stage: "update",
  },
];

// Bytes of an odd scale make every factor visible; the batch of 300 rows takes several blocks, slots and tiles.
const shape = { count: 300, features: 21, classes: 10 };
const batchSize = 150;
const problem: Problem = { classes: 10, intercept: true, rule: RULES["adam"], batchSize };
const capacity = { bindingBytes: 2 ** 27, slow: false };

async function parity(edited: Partial<Record<KernelName, string>>): Promise<Parity> {
  let found = NO_PARITY;
  for (const kind of ["f32", "bytes"] as const) {
    const drawn = randomRows(shape, kind, 101);
    const rows = kind === "bytes" ? { ...drawn, scale: 0.01 } : drawn;
    const engine = await webgpuEngine({ edited, capacity: { ...capacity, blockRows: 60 } });
    const { results } = await runAll(engine, rows, problem, randomWeights(shape, 102, 3));
    engine.close();
    found = worst(found, parityOfAll(results, rows, problem));
  }
  return found;
}

const table: string[] = [];
const show = (what: string, found: Parity) => {
  const rhos = Object.entries(found.stages).map(([stage, rho]) => `${stage} ${rho.toPrecision(2)}`);
  table.push(`${what.padEnd(52)} ${rhos.join("  ")}`);
};
afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));

test("the right kernels stay within the bound", async () => {
  const found = await parity({});
  show("(right kernels)", found);
  expect(found.rho).toBeLessThan(0.5);
});

test.each(WRONG)("$kernel is caught when $what", async ({ what, kernel, edit: [from, to], stage }) => {
  const { source } = KERNELS[kernel];
  expect(source.split(from), `"${from}" stands once in ${kernel}.wgsl`).toHaveLength(2);
  const found = await parity({ [kernel]: source.replace(from, to) });
  show(what, found);
  expect(found.stages[stage]).toBeGreaterThan(1);
});
