/** Checks that shaders mark exactly the points that wrong kernels edit. */
import { expect, test } from "vitest";
import { RIGHT, SHADERS, type ShaderEdit, edited, pathOf, pointsOf } from "./edited-shader.js";
import * as tables from "./wrong-shaders.js";

const WRONG = Object.values(tables).flatMap((table): readonly ShaderEdit[] => table);

/** Points that no edit uses, as "path: point". */
function unusedPoints(edits: readonly ShaderEdit[]): string[] {
  const used = new Set(edits.map((one) => `${pathOf(one)}: ${one.point}`));
  const marked = [...SHADERS].flatMap(([path, text]) => pointsOf(text).map((point) => `${path}: ${point}`));
  return marked.filter((point) => !used.has(point));
}

test.each(WRONG)("$kernel can be edited so that $what", (wrong) => {
  const { kernel } = wrong;
  expect(edited(wrong)[kernel]).not.toEqual(RIGHT[kernel]);
});

test("every point is used by a wrong kernel", () => {
  expect(unusedPoints(WRONG)).toEqual([]);
});

test("a point that none uses is found", () => {
  expect(unusedPoints(WRONG.filter(({ point }) => point !== "ones"))).toEqual(["lib/rows.wgsl: ones"]);
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
  expect(() => edited({ ...wrong, edit: ["i < rows", "false"] })).toThrow(/"i < rows" does not occur once/);
});
