/** Tests the kernel of a model's logits against the same sums in a loop, to the bit. Wrong kernels differ. */
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cachedAssembly, readSources } from "../../../scripts/assembly.js";
import type { FeatureRows } from "../../../src/core/rows.js";
import { SoftmaxModel } from "../../../src/model/model.js";
import { RowKernel, compileKernel, rowKernel } from "../../../src/model/row-kernel.js";
import { randomIntegers } from "../../../src/core/random.js";
import { signed } from "../../support/examples.js";
import { type Edit, editText, pointsOf } from "../../mutation/points.js";

interface Problem {
  readonly model: SoftmaxModel<number>;
  readonly rows: FeatureRows;
}

function noise(count: number, seed: number): Float32Array {
  const random = randomIntegers(seed);
  return Float32Array.from({ length: count }, () => signed(random));
}

/** Every second feature is 0. */
function problem(classes: number, features: number, count: number): Problem {
  const model = new SoftmaxModel({
    classes: Array.from({ length: classes }, (_, k) => k),
    weights: noise(features * classes, 1),
    bias: noise(classes, 2),
    origin: noise(features, 3),
  });
  const x = noise(count * features, 4).map((value, i) =>
    i % 2 === 0 ? value : (model.origin?.[i % features] ?? 0),
  );
  return { model, rows: { x: Float64Array.from(x), features, count, scale: 1 } };
}

/** The logits, (rows, classes), each summed in the order of the features. */
function expected({ model, rows }: Problem): Float64Array {
  const { weights, bias, origin } = model;
  const k = bias.length;
  return Float64Array.from({ length: rows.count * k }, (_, i) => {
    const [row, c] = [Math.floor(i / k), i % k];
    let sum = bias[c];
    for (let d = 0; d < rows.features; d++) {
      sum += (rows.x[row * rows.features + d] - (origin?.[d] ?? 0)) * weights[d * k + c];
    }
    return sum;
  });
}

function computed({ model, rows }: Problem, kernel = rowKernel(model.bias.length)): Float64Array {
  if (!kernel) throw new Error("This machine has no kernel.");
  const blocks = Array.from({ length: Math.ceil(rows.count / kernel.rows) }, (_, n) => [
    ...kernel.logits(model, rows, n * kernel.rows),
  ]);
  return Float64Array.from(blocks.flat());
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the kernel's logits are those of the loop, to the bit", () => {
  test.each([
    { what: "two classes", of: problem(2, 3, 1) },
    { what: "a multiple of sixteen classes, and more rows than a block", of: problem(16, 5, 17) },
    { what: "every rest of classes", of: problem(23, 40, 20) },
    { what: "weights that fill the memory twice", of: problem(600, 900, 30) },
    { what: "classes of which a block has one row", of: problem(9000, 40, 2) },
  ])("$what", ({ of }) => {
    expect(computed(of)).toEqual(expected(of));
  });

  test("where WebAssembly is missing, by a loop", async () => {
    const of = problem(23, 40, 20);
    vi.stubGlobal("WebAssembly", undefined);
    const { logitsOf } = await import("../../../src/model/logits.js");
    const { rowKernel: found } = await import("../../../src/model/row-kernel.js");
    expect(found(23)).toBeUndefined();
    expect(logitsOf(of.model, of.rows)).toEqual(expected(of));
  });

  test("of more classes than fit the memory, by a loop", () => {
    const of = problem(100_000, 2, 1);
    expect(rowKernel(100_000)).toBeUndefined();
    expect(of.model.logits(of.rows.x)).toEqual(expected(of));
  });
});

const ASSEMBLY = join(import.meta.dirname, "../../../src/model/assembly");

const WRONG: readonly Edit[] = [
  { what: "sixteen classes are left out", point: "sixteen", edit: ["let k: usize = 0", "let k: usize = 16"] },
  { what: "the last classes are left out", point: "rest", edit: ["k < classes", "k + 1 < classes"] },
  { what: "the first feature is left out", point: "four", edit: ["n: usize = 0", "n: usize = 1"] },
  { what: "two classes have the weights of others", point: "pair", edit: ["at, 48", "at, 40"] },
  { what: "products are rounded to f32", point: "one", edit: ["sum += ", "sum += <f64><f32>"] },
];

describe("a wrong kernel has other logits", () => {
  test.each(WRONG)("$what", async (wrong) => {
    const texts = Array.from(readSources(ASSEMBLY), ([path, text]): [string, string] => {
      expect(pointsOf(text).filter((point) => point === wrong.point)).toHaveLength(1);
      return [path, editText(path, text, wrong)];
    });
    const kernel = compileKernel(new Uint8Array(await cachedAssembly(new Map(texts), { unshared: true })));
    if (!kernel) throw new Error("The kernel does not start.");
    const of = problem(23, 40, 20);
    expect(computed(of, new RowKernel(kernel, 23))).not.toEqual(expected(of));
  });
});
