/** Tests how linked shaders are specialised: constants, conditions and unrolled loops. */
import { describe, expect, test } from "vitest";
import { specialise } from "../../../../../src/engine/webgpu/kernels/specialise.js";

const made = (source: string, constants = {}, when: string[] = []) => specialise(source, { constants, when });

describe("constants", () => {
  test("are replaced in the literal's own form, and keep their comments", () => {
    const source =
      "const ROWS = 4u; // rows a thread\nconst SCALE = 1.0;\nconst BYTES = false;\nconst LEFT = 2u;";
    expect(made(source, { ROWS: 8, SCALE: 2, BYTES: true })).toBe(
      "const ROWS = 8u; // rows a thread\nconst SCALE = 2.0;\nconst BYTES = true;\nconst LEFT = 2u;",
    );
    expect(made("const EPSILON = 0.5;", { EPSILON: 1e-7 })).toBe("const EPSILON = 1e-7;");
  });

  test("are those of the module, not those of a function", () => {
    expect(made("  const ROWS = 4u;", { ROWS: 8 })).toBe("  const ROWS = 4u;");
  });
});

test("subgroups are asked for by size where the text enables that", () => {
  const source =
    "@if(NARROW) enable subgroup_size_control;\nconst SUBGROUP = 8u;\n@compute @workgroup_size(64, 1, 1)\nfn main() {\n}";
  expect(made(source, { SUBGROUP: 16 }, ["NARROW"])).toBe(
    "enable subgroup_size_control;\nconst SUBGROUP = 16u;\n" +
      "@compute @subgroup_size(SUBGROUP) @workgroup_size(64, 1, 1)\nfn main() {\n}",
  );
  expect(made(source)).not.toContain("subgroup_size");
});

describe("conditions", () => {
  const chain = "@if(BOTH) let w = both;\n@elif(BYTES) let w = bytes;\n@else let w = plain;\nend";

  test("keep the first of a chain that holds", () => {
    expect(made(chain, {}, ["BYTES"])).toBe("let w = bytes;\nend");
    expect(made(chain, {}, ["BYTES", "BOTH"])).toBe("let w = both;\nend");
    expect(made(chain)).toBe("let w = plain;\nend");
  });

  test("may be negated", () => {
    const negated = "@if(!BYTES) let w = words;\n@else let w = bytes;";
    expect(made(negated)).toBe("let w = words;");
    expect(made(negated, {}, ["BYTES"])).toBe("let w = bytes;");
  });

  test("begin a new chain with every @if", () => {
    expect(made("@if(A) a;\n@if(B) b;\n@else c;", {}, ["A"])).toBe("a;\nc;");
    expect(made("@if(A) a;\n@if(B) b;\n@else c;", {}, ["A", "B"])).toBe("a;\nb;");
  });

  test("keep or leave out a statement with all that it encloses", () => {
    const source = [
      "  @if(SHARED) for (var s = 0u; s < n; s++) {",
      "    if (s > 1u) {",
      "      break;",
      "    } else {",
      "      @if(BYTES) f(s);",
      "      @else g(s);",
      "    }",
      "  }",
      "  @else h();",
      "end",
    ].join("\n");
    expect(made(source)).toBe("  h();\nend");
    expect(made(source, {}, ["SHARED"])).toBe(
      "  for (var s = 0u; s < n; s++) {\n    if (s > 1u) {\n      break;\n    } else {\n      g(s);\n    }\n  }\nend",
    );
  });

  test("stand before parameters, functions and unrolled loops, too", () => {
    const source = "@if(A) fn f(\n  a: u32,\n  @if(B) b: u32,\n) {\n  g();\n}\nend";
    expect(made(source)).toBe("end");
    expect(made(source, {}, ["A"])).toBe("fn f(\n  a: u32,\n) {\n  g();\n}\nend");
    expect(made("@if(A) for (var i = 0u; i < 2u; i++) { // unroll\n  f(i);\n}", {}, ["A"])).toBe(
      "{\n  f(0u);\n}\n{\n  f(1u);\n}",
    );
  });
});

describe("loops marked unroll", () => {
  test("are repeated with the index as a number, to the bound of a constant or a number", () => {
    const source = "const N = 1u;\nfor (var i = 0u; i < N; i++) { // unroll\n  z[i] += in[i + 4u];\n}\nend";
    expect(made(source, { N: 2 })).toBe(
      "const N = 2u;\n{\n  z[0u] += in[0u + 4u];\n}\n{\n  z[1u] += in[1u + 4u];\n}\nend",
    );
    expect(made("for (var d = 0u; d < 2u; d++) { // unroll\n  f(d);\n}")).toBe(
      "{\n  f(0u);\n}\n{\n  f(1u);\n}",
    );
  });

  test("nest", () => {
    const source = [
      "for (var r = 0u; r < 2u; r++) { // unroll",
      "  for (var k = 0u; k < 2u; k++) { // unroll",
      "    z[r][k] = 0.0;",
      "  }",
      "}",
    ].join("\n");
    expect(made(source).match(/z\[\d+u\]\[\d+u\]/g)).toEqual([
      "z[0u][0u]",
      "z[0u][1u]",
      "z[1u][0u]",
      "z[1u][1u]",
    ]);
  });

  test("of no turns vanish, and others stay", () => {
    expect(made("const N = 1u;\nfor (var i = 0u; i < N; i++) { // unroll\n  f(i);\n}", { N: 0 })).toBe(
      "const N = 0u;",
    );
    const plain = "for (var i = 0u; i < N; i++) {\n  f(i);\n}";
    expect(made(plain)).toBe(plain);
  });

  test("whose bound is no known number are an error", () => {
    expect(() => made("for (var i = 0u; i < M; i++) { // unroll\n  f(i);\n}")).toThrow(/cannot be unrolled/);
  });
});
