/** Checks the kernel table against the shaders. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WHOLE_BUFFERS } from "../../../../../src/engine/webgpu/device/capacity.js";
import { type Binding, KERNELS } from "../../../../../src/engine/webgpu/kernels/kernels.js";

const shaders = readdirSync(join(import.meta.dirname, "..", "..", "..", "..", "..", "shaders")).filter(
  (name) => name.endsWith(".wgsl"),
);

const OFFSETS: Readonly<Record<string, readonly string[]>> = {
  Block: ["first", "rows", "continues", "tile"],
  Shard: ["first", "rows"],
  Run: ["first", "steps"],
  Part: ["first", "rows", "sum", "t"],
  Scales: ["vector", "scale"],
  Terms: ["vector", "own", "factor1", "factor2", "factor3", "factor4"],
  Range: ["vector", "sum"],
  Fours: ["first"],
  Features: ["first", "past"],
  Vectors: ["first"],
  Step: ["ring", "vector", "learningRate", "gradientScale", "penalty", "correction1", "correction2"],
};

/** The module-scope declarations of a shader, each of which is on its own line. */
function declarations(source: string) {
  const bindings = [...source.matchAll(/^@group\(0\) @binding\((\d+)\) var<([^>]+)> (\w+): [^;]+;(.*)$/gm)];
  const constants = [...source.matchAll(/^const (\w+) = (?:\d+u|[\d.e-]+|true|false);(.*)$/gm)];
  const structs = [...source.matchAll(/^struct (\w+) \{\n([^}]+)\}/gm)];
  return {
    bindings: bindings.map(([, number, space, name, rest]) => ({
      number: Number(number),
      space,
      name,
      rest,
    })),
    constants: constants.map(([, name, rest]) => ({ name, rest })),
    structs: structs.map(([, name, body]) => ({
      name,
      fields: [...body.matchAll(/^ {2}(\w+): (?:u32|f32),/gm)].map(([, field]) => field),
    })),
  };
}

/** The fields of a step in steps.wgsl, which includes its rows. */
const WHOLE_STEP = [
  "first",
  "rows",
  "learningRate",
  "gradientScale",
  "penalty",
  "correction1",
  "correction2",
  "unused",
];

function kindOf(space: string, name: string): Binding {
  if (space === "uniform") return name === "shard" ? "constant" : "uniform";
  return space === "storage, read_write" ? "write" : "read";
}

test("every shader is in the table", () => {
  expect(
    Object.keys(KERNELS)
      .map((name) => `${name}.wgsl`)
      .toSorted(),
  ).toEqual(shaders.toSorted());
});

describe.each(Object.entries(KERNELS))("%s", (kernelName, kernel) => {
  const { bindings, constants, structs } = declarations(kernel.source);

  test("has the table's bindings, in their order and of their kinds", () => {
    expect(bindings).toHaveLength(kernel.source.match(/^@group/gm)?.length ?? 0);
    expect(bindings.map(({ number }) => number)).toEqual(bindings.map((_binding, n) => n));
    expect(bindings.map(({ name, space }) => [name, kindOf(space, name)])).toEqual(
      Object.entries(kernel.bindings),
    );
  });

  test("binds no more storage buffers than every device has, but for steps, which is used where there are more", () => {
    const storage = bindings.filter(({ space }) => space !== "uniform").length;
    expect(storage).toBeLessThanOrEqual(kernelName === "steps" ? WHOLE_BUFFERS : 8);
  });

  test("has the table's constants", () => {
    expect(constants.map(({ name }) => name)).toEqual(kernel.constants);
  });

  test("has one entry point, main", () => {
    expect(kernel.source.match(/@compute/g)).toHaveLength(1);
    expect(kernel.source).toMatch(
      /@compute @workgroup_size\((WORKGROUP, 1|THREADS, TILE_THREADS|64, 1), 1\)\nfn main\(/,
    );
  });

  test("the shape of every buffer is in a comment", () => {
    const buffers = bindings.filter(({ space }) => space !== "uniform");
    for (const { name, rest } of buffers) expect(rest, name).toMatch(/\/\/ \(.*\)/);
  });

  test("every constant is in a comment", () => {
    for (const { name, rest } of constants) expect(rest, name).toMatch(/\/\/ \S/);
  });

  test("its uniforms have the fields, four bytes each, that the engine writes", () => {
    const expected = kernelName === "steps" ? { ...OFFSETS, Step: WHOLE_STEP } : OFFSETS;
    for (const { name, fields } of structs) expect(fields, name).toEqual(expected[name]);
  });
});
