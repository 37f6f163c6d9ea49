/** Checks what is read from the text of a kernel. */
import { describe, expect, test } from "vitest";
import { linkShader } from "../../../../../scripts/link-shader.js";
import { readShaders } from "../../../../../scripts/shader-plugin.js";
import { kernelOf } from "../../../../../src/engine/webgpu/kernels/kernel.js";

const shaders = readShaders();
const paths = [...shaders.keys()].filter((path) => !path.startsWith("lib/"));

test.each(paths)("%s has its indentation again, which the build leaves out", async (path) => {
  const linked = linkShader(path, shaders);
  const { default: built } = await import(`../../../../../shaders/${path.replace(".wgsl", "")}.wgsl?linked`);
  expect(built).not.toMatch(/^ /m);
  expect(kernelOf(built).source).toBe(linked);
  expect(kernelOf(linked).source).toBe(linked);
});

describe("a kernel is derived from its text", () => {
  const source = [
    "const ROWS = 4u;",
    "const SCALE = 1.0;",
    "const EPSILON = 1e-7;",
    "const ADAM = false;",
    "const LOWEST: f32 = -3.4e38;",
    "const RECORD = 2u * ROWS;",
    "@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;",
    "@group(0) @binding(0) var<uniform> block: Block;",
    "@group(0) @binding(3) var<uniform> shard: Shard;",
    "@group(0) @binding(1) var<storage, read> order: array<u32>;",
    "fn main() {",
    "const LOCAL = 1u;",
    "}",
  ].join("\n");

  test("its bindings in the order of their numbers, with their kinds", () => {
    expect(kernelOf(source).bindings).toEqual([
      { name: "block", number: 0, kind: "uniform" },
      { name: "order", number: 1, kind: "read" },
      { name: "sums", number: 2, kind: "write" },
      { name: "shard", number: 3, kind: "constant" },
    ]);
  });

  test("its constants: those of literals without a type", () => {
    expect(kernelOf(source).constants).toEqual(["ROWS", "SCALE", "EPSILON", "ADAM"]);
  });

  test.each([
    ["read_write> sums", "read> sums"],
    ["@binding(0)", "@binding(4)"],
    ["> order", "> rows"],
    ["const ROWS = 4u;", "const ROWS = 2u * 2u;"],
  ])("and changes with it: %s → %s", (from, to) => {
    expect(source).toContain(from);
    const { bindings, constants } = kernelOf(source);
    const other = kernelOf(source.replace(from, to));
    expect([other.bindings, other.constants]).not.toEqual([bindings, constants]);
  });
});
