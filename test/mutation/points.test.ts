/** Checks that shaders and AssemblyScript mark exactly the points that wrong kernels edit. */
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSources } from "../../scripts/assembly.js";
import { ASSEMBLY, type AssemblyEdit, WRONG as WRONG_ASSEMBLY, withEdits } from "./edited-assembly.js";
import { RIGHT, SHADERS, type ShaderEdit, edited, pathOf } from "./edited-shader.js";
import { type Edit, pointsOf } from "./points.js";
import * as tables from "./wrong-shaders.js";

/** Points that no edit uses, as "path: point". */
function unusedPoints<E extends Edit>(
  texts: ReadonlyMap<string, string>,
  edits: readonly E[],
  path: (one: E) => string,
): string[] {
  const used = new Set(edits.map((one) => `${path(one)}: ${one.point}`));
  const marked = [...texts].flatMap(([path, text]) => pointsOf(text).map((point) => `${path}: ${point}`));
  return marked.filter((point) => !used.has(point));
}

describe("shaders", () => {
  const WRONG = Object.values(tables).flatMap((table): readonly ShaderEdit[] => table);
  const unused = (edits: readonly ShaderEdit[]) => unusedPoints(SHADERS, edits, (one) => pathOf(one));

  test.each(WRONG)("$kernel can be edited so that $what", (wrong) => {
    const { kernel } = wrong;
    expect(edited(wrong)[kernel]).not.toEqual(RIGHT[kernel]);
  });

  test("every point is used by a wrong kernel, and one that none uses is found", () => {
    expect(unused(WRONG)).toEqual([]);
    expect(unused(WRONG.filter(({ point }) => point !== "ones"))).toEqual(["lib/rows.wgsl: ones"]);
  });

  test("an edit whose point is missing, or marked twice, fails", () => {
    const [wrong] = WRONG;
    const text = SHADERS.get("fused.wgsl") ?? "";
    const without = new Map([...SHADERS, ["fused.wgsl", text.replace("@point row-weight", "")]]);
    expect(() => edited(wrong, without)).toThrow(/point row-weight 0 times/);
    const twice = new Map([...SHADERS, ["fused.wgsl", text.replace("@point barrier", "@point row-weight")]]);
    expect(() => edited(wrong, twice)).toThrow(/point row-weight 2 times/);
  });

  test("an edit of text that its line does not have fails", () => {
    const [wrong] = WRONG;
    const other: ShaderEdit = { ...wrong, edit: ["i < rows", "false"] };
    expect(() => edited(other)).toThrow(/"i < rows" does not occur once/);
  });
});

describe("AssemblyScript", () => {
  const FILES = new Map(Array.from(readSources(ASSEMBLY), ([path, text]) => [basename(path), text]));
  const unused = (edits: readonly AssemblyEdit[]) => unusedPoints(FILES, edits, ({ file }) => file);

  /** The file of an edit, with the text of its edited function. */
  function versions(wrong: AssemblyEdit, files = FILES) {
    const path = join(ASSEMBLY, wrong.file);
    return withEdits(new Map([[path, files.get(wrong.file) ?? ""]]), [wrong]).get(path);
  }

  test.each(WRONG_ASSEMBLY)("$file can be edited so that $what", (wrong) => {
    expect(versions(wrong)).toContain(wrong.edit[1]);
    expect(wrong.edit[1]).not.toBe(wrong.edit[0]);
  });

  test("every point is used by a wrong kernel, and one that none uses is found", () => {
    expect(unused(WRONG_ASSEMBLY)).toEqual([]);
    const without = WRONG_ASSEMBLY.filter(({ point }) => point !== "merge");
    expect(unused(without)).toEqual(["tree.ts: merge"]);
  });

  test("an edit whose point is missing, marked twice, or outside of functions fails", () => {
    const [wrong] = WRONG_ASSEMBLY.filter(({ point }) => point === "eighth");
    const changed = (from: string, to: string) =>
      new Map([["tree.ts", FILES.get("tree.ts")?.replace(from, to) ?? ""]]);
    expect(() => versions(wrong, changed("@point eighth", ""))).toThrow(/point eighth 0 times/);
    expect(() => versions(wrong, changed("@point eight\n", "@point eighth\n"))).toThrow(
      /point eighth 2 times/,
    );
    expect(() => versions(wrong, changed("function addEight", "funktion addEight"))).toThrow(
      /point eighth 0 times/,
    );
  });

  test("an edit of text that its line does not have fails", () => {
    const [wrong] = WRONG_ASSEMBLY;
    expect(() => versions({ ...wrong, edit: ["nothing", ""] })).toThrow(/"nothing" does not occur once/);
  });
});
