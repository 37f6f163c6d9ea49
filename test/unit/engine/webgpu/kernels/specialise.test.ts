/** Tests how shader source is specialised: constants, alternatives and unrolled loops. */
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

describe("alternatives", () => {
  const source =
    "  let w = plain; // when BOTH: let w = both; // when BYTES: let w = bytes;\n  // when BYTES: more();\nend";

  test("are taken when they are asked for, the first of several", () => {
    expect(made(source, {}, ["BYTES"])).toBe("  let w = bytes;\n  more();\nend");
    expect(made(source, {}, ["BYTES", "BOTH"])).toBe("  let w = both;\n  more();\nend");
  });

  test("leave the line as it is otherwise", () => {
    expect(made(source)).toBe("  let w = plain;\n\nend");
  });
});

describe("loops marked unrolled", () => {
  test("are repeated with the index as a number, to the bound of a constant or a number", () => {
    const source = "const N = 1u;\nfor (var i = 0u; i < N; i++) { // unrolled\n  z[i] += in[i + 4u];\n}\nend";
    expect(made(source, { N: 2 })).toBe(
      "const N = 2u;\n{\n  z[0u] += in[0u + 4u];\n}\n{\n  z[1u] += in[1u + 4u];\n}\nend",
    );
    expect(made("for (var d = 0u; d < 2u; d++) { // unrolled\n  f(d);\n}")).toBe(
      "{\n  f(0u);\n}\n{\n  f(1u);\n}",
    );
  });

  test("nest", () => {
    const source = [
      "for (var r = 0u; r < 2u; r++) { // unrolled",
      "  for (var k = 0u; k < 2u; k++) { // unrolled",
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
    expect(made("const N = 1u;\nfor (var i = 0u; i < N; i++) { // unrolled\n  f(i);\n}", { N: 0 })).toBe(
      "const N = 0u;",
    );
    const plain = "for (var i = 0u; i < N; i++) {\n  f(i);\n}";
    expect(made(plain)).toBe(plain);
  });

  test("whose bound is no known number are an error", () => {
    expect(() => made("for (var i = 0u; i < M; i++) { // unrolled\n  f(i);\n}")).toThrow(
      /cannot be unrolled/,
    );
  });
});
