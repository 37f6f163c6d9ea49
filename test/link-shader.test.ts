/** Tests that shaders are linked with what they import, and laid out for the specialiser. */
import { describe, expect, test } from "vitest";
import { layOut, linkShader, unusedImports } from "../scripts/link-shader.js";

const linked = (texts: Readonly<Record<string, string>>) =>
  linkShader("main.wgsl", new Map(Object.entries(texts)));

describe("a shader is laid out", () => {
  test("one statement and one parameter a line, indented, without comments", () => {
    const text = `
// main: adds.
@compute @workgroup_size(N, 1, 1)
fn main(@builtin(x) a: u32,
  b: array<u32, 2>) { // begins
  let c = f(
    a, /* one */ b,
  );
    if (a > 1u) { g(); }
    else { h(); }
}`;
    expect(layOut(text)).toBe(
      [
        "@compute @workgroup_size(N, 1, 1) fn main(",
        "  @builtin(x) a: u32,",
        "  b: array<u32,",
        "  2>",
        ") {",
        "  let c = f(a, b);",
        "  if (a > 1u) {",
        "    g();",
        "  } else {",
        "    h();",
        "  }",
        "}",
      ].join("\n"),
    );
  });

  test("with the marks of loops to unroll, whose semicolons end no line", () => {
    const loop = "for (var i = 0u; i < N; i++) { // unroll\n  f(i);\n}";
    expect(layOut(loop)).toBe(loop);
  });

  test("as it is, where it was laid out before", () => {
    const once = layOut("fn f(a: u32) { @if(A) g(a); @else { h(); } }");
    expect(layOut(once)).toBe(once);
  });
});

describe("imports", () => {
  const rows = "const N = 2u;\nconst M = 3u;\nfn f() -> u32 { return N; }\nfn g() {}";

  test("add what is imported and what that uses, and nothing else", () => {
    const main = "import package::lib::rows::f;\nfn main() { f(); }";
    expect(linked({ "main.wgsl": main, "lib/rows.wgsl": rows })).toBe(
      "fn f(\n) -> u32 {\n  return N;\n}\nconst N = 2u;\nfn main(\n) {\n  f();\n}",
    );
  });

  test("of several names, on several lines, from modules that import", () => {
    const main = "import package::lib::a::{\n  first,\n  second,\n};\nfn main() { first(second); }";
    const a = "import package::b::third;\nconst second = 1u;\nfn first(n: u32) { third(); }";
    const text = linked({ "main.wgsl": main, "lib/a.wgsl": a, "b.wgsl": "fn third() {}" });
    for (const name of ["first", "third", "main"]) expect(text).toMatch(`fn ${name}(`);
    expect(text).toContain("const second = 1u;");
  });

  test("put directives first, and keep all alternatives of a declaration", () => {
    const main = "import package::lib::a::T;\n@if(S) enable subgroups;\nfn main() { var t: T; }";
    const a = "@if(A) alias T = u32;\n@else alias T = f32;";
    expect(linked({ "main.wgsl": main, "lib/a.wgsl": a })).toMatch(
      /^@if\(S\) enable subgroups;\n@if\(A\) alias T = u32;\n@else alias T = f32;\nfn main/,
    );
  });

  test("whose module or name is not there are errors", () => {
    const main = "import package::lib::rows::f;\nfn main() { f(); }";
    expect(() => linked({ "main.wgsl": main })).toThrow(/main\.wgsl imports from shaders\/lib\/rows\.wgsl/);
    expect(() => linked({ "main.wgsl": main, "lib/rows.wgsl": "fn h() {}" })).toThrow(
      /imports f, which shaders\/lib\/rows\.wgsl does not declare/,
    );
  });

  test("of a name that the shader declares as well are errors", () => {
    const main = "import package::lib::rows::f;\nconst N = 1u;\nfn main() { f(); }";
    expect(() => linked({ "main.wgsl": main, "lib/rows.wgsl": rows })).toThrow(/both declare N/);
  });

  test("that nothing uses are listed", () => {
    const main = "import package::lib::rows::{f, g};\nfn main() { f(); }";
    expect(unusedImports("main.wgsl", new Map([["main.wgsl", main]]))).toEqual(["g"]);
  });
});

test.each([
  "import super::rows::f;",
  "import package::lib::{rows::f};",
  "fn main() { let a = @if(A) 1u; }",
  "@if(!(A)) const N = 1u;",
  "@if(A && B) const N = 1u;",
])("%s is an error", (line) => {
  expect(() => linked({ "main.wgsl": line })).toThrow(/shaders\/main\.wgsl: ".*" is neither/);
});
