/** Checks the kernel table, and that shaders follow the rules that it is derived by. */
import { describe, expect, test } from "vitest";
import { readShaders } from "../../../../../scripts/shader-plugin.js";
import { WHOLE_BUFFERS } from "../../../../../src/engine/webgpu/device/capacity.js";
import { type Kernel, kernelOf } from "../../../../../src/engine/webgpu/kernels/kernel.js";
import { type KernelName, KERNELS, loadKernel } from "../../../../../src/engine/webgpu/kernels/kernels.js";
import { specialise } from "../../../../../src/engine/webgpu/kernels/specialise.js";
import { STEP_BUFFERS } from "../../../../../src/engine/webgpu/kernels/cut-tiled.js";

const SHADERS = readShaders();

const TABLE: [name: string, kernel: Kernel][] = [];
for (const name of Object.keys(KERNELS) as KernelName[]) TABLE.push([name, await loadKernel(name)]);

/** The fields of each kernel's dispatch, four bytes each element, as the engine writes them. */
const UNIFORMS: Readonly<Record<string, readonly string[]>> = {
  Block: ["first", "rows", "tile", "learningRate", "gradientScale", "penalty", "correction1", "correction2"],
  Node: ["vector", "block", "last"],
  Run: ["first", "steps"],
  Part: ["first", "rows", "sum", "t"],
  Scales: ["vector", "scale"],
  Terms: ["first[248]", "to", "count", "within", "vector", "factors[248]", "own"],
  Pairs: ["a[248]", "b[248]", "vector", "sum"],
  Features: ["first", "past"],
  Place: ["parts", "sum"],
  Vectors: ["first"],
  Step: ["ring", "vector", "learningRate", "gradientScale", "penalty", "correction1", "correction2"],
};
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  Shard: ["first", "rows"],
  // An element of a storage buffer in steps.wgsl.
  Step: ["first", "rows", "learningRate", "gradientScale", "penalty", "correction1", "correction2", "unused"],
};

const fieldsOf = (source: string, struct: string) =>
  Array.from(
    source
      .match(new RegExp(`^struct ${struct} \\{([^}]+)\\}`, "m"))?.[1]
      .matchAll(/(\w+): (?:[uf]32|array<vec4[uf], (\d+)>),/g) ?? [],
    ([, field, fours]) => (fours ? `${field}[${4 * Number(fours)}]` : field),
  );

/** Lines of a shader that match, each with the comments at its end and on the line before it. */
function commented(text: string, pattern: RegExp): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, n) => {
    const before = lines[n - 1]?.startsWith("//") ? lines[n - 1] : "";
    return pattern.test(line) ? [`${before} ${line}`] : [];
  });
}

test("every shader but the library is in the table", () => {
  const paths = TABLE.map(([name]) => `${name}.wgsl`);
  expect(paths.toSorted()).toEqual([...SHADERS.keys()].filter((path) => !path.startsWith("lib/")).toSorted());
});

describe.each(TABLE)("%s", (name, { source, bindings }) => {
  test("numbers each of its bindings once, and the uniform of the dispatch 0", () => {
    const numbers = Array.from(source.matchAll(/@binding\((\d+)\)/g), ([, number]) => Number(number));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(bindings.map(({ number }) => number));
    expect(bindings[0].kind).toBe("uniform");
  });

  test("binds no more storage buffers than every device has, but where they are used if there are more", () => {
    const storageOf = (when: readonly string[]) =>
      kernelOf(specialise(source, { constants: {}, when })).bindings.filter(
        ({ kind }) => kind === "read" || kind === "write",
      ).length;
    const most = { steps: WHOLE_BUFFERS, gradient: STEP_BUFFERS }[name] ?? 8;
    expect(storageOf([])).toBeLessThanOrEqual(name === "steps" ? WHOLE_BUFFERS : 8);
    expect(storageOf(["UPDATE", "MATRIX"])).toBeLessThanOrEqual(most);
  });

  test("has one entry point, main", () => {
    expect(source.match(/@compute/g)).toHaveLength(1);
    expect(source).toMatch(
      /@compute @workgroup_size\((WORKGROUP, 1|THREADS, TILE_THREADS|64, 1), 1\) fn main\(/,
    );
  });

  test("its uniforms have the fields that the engine writes", () => {
    const types = Array.from(source.matchAll(/^@group.*: (?:array<)?(\w+)>?;$/gm), ([, type]) => type);
    const [uniform, ...others] = types.filter((type) => source.includes(`struct ${type} {`));
    expect(fieldsOf(source, uniform), uniform).toEqual(UNIFORMS[uniform]);
    for (const other of others) expect(fieldsOf(source, other), other).toEqual(OTHERS[other]);
  });
});

describe.each([...SHADERS])("%s", (_path, text) => {
  test("the shape of every buffer is in a comment", () => {
    for (const buffer of commented(text, /^(?:@if\(.*\) )?@group.* var<storage/))
      expect(buffer).toMatch(/\/\/ \(.*\)/);
  });

  test("every constant that a specialisation provides is in a comment", () => {
    for (const constant of commented(text, /^const \w+ = (?:[\d.e-]+u?|true|false);/)) {
      expect(constant).toMatch(/\/\/ \S/);
    }
  });
});
