/**
 * The structure of the repository: which room may import from which, that no files stand in a circle, that an
 * exported name has one meaning, and where Node and the DOM may be used.
 */
import { posix } from "node:path";
import { expect, test } from "vitest";
import { wideComments, wideLines, wideProse } from "../scripts/check-columns.js";
import { withRooms } from "../scripts/draw-rooms.js";
import { FLOORS, type Import, filesOf, importsOf, roomOf, textOf } from "../scripts/imports.js";

const floorOf = (path: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(path)));

/** Imports from another room that is not on a floor below. */
function climbing(imports: readonly Import[]): Import[] {
  return imports.filter(({ from, to }) => roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from));
}

/** Files that import each other, directly or through others: one such circle, or none. */
function circle(imports: readonly Import[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (path: string, way: readonly string[]): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const other of next.get(path) ?? []) {
      const found = walk(other, [...way, path]);
      if (found.length > 0) return found;
    }
    done.add(path);
    return [];
  };
  for (const path of next.keys()) {
    const found = walk(path, []);
    if (found.length > 0) return found;
  }
  return [];
}

/** Exported names that are declared in more than one of the files, with those files. */
function homonyms(texts: ReadonlyMap<string, string>): Record<string, string[]> {
  const declared = new Map<string, string[]>();
  for (const [path, text] of texts) {
    const found = text.matchAll(
      /^export (?:async |abstract |declare )*(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm,
    );
    for (const name of new Set(Array.from(found, ([, one]) => one))) {
      declared.set(name, [...(declared.get(name) ?? []), path]);
    }
  }
  return Object.fromEntries([...declared].filter(([, paths]) => paths.length > 1));
}

const library = filesOf("src");
const imports = library.flatMap((path) =>
  importsOf(path, textOf(path)).filter(({ to }) => to.startsWith("src/")),
);

test("index.ts is the only file on the floor of src, and every room has a floor", () => {
  expect(library.filter((path) => path.split("/").length === 2)).toEqual(["src/index.ts"]);
  const rooms = new Set(library.map(roomOf));
  expect([...rooms].toSorted()).toEqual(FLOORS.flat().toSorted());
});

test("no room imports from a floor that is not below its own", () => {
  expect(imports.length).toBeGreaterThan(400);
  expect(climbing(imports)).toEqual([]);
});

test("no files import each other in a circle", () => {
  for (const folder of ["src", "bench", "scripts"]) {
    expect(circle(filesOf(folder).flatMap((path) => importsOf(path, textOf(path))))).toEqual([]);
  }
});

test("an exported name is declared once", () => {
  const files = ["src", "bench", "scripts"].flatMap(filesOf);
  expect(homonyms(new Map(files.map((path) => [path, textOf(path)])))).toEqual({});
});

test("a basename stands for the same thing in every room of src", () => {
  // Interfaces in engine/, and the files that implement them in each engine.
  const seam = ["engine", "descent", "objective", "logits-pass", "placement", "passes", "plan", "vectors"];
  // The options of a training and of a sweep; the function and its command; entry points of the package; the
  // fields that the parts of a descent, and those of an objective, have in common.
  const shared = [...seam, "options", "train", "index", "context"];
  const byName = new Map<string, string[]>();
  for (const path of library) {
    const name = posix.basename(path, ".ts");
    byName.set(name, [...(byName.get(name) ?? []), path]);
  }
  const several = [...byName].filter(([name, paths]) => paths.length > 1 && !shared.includes(name));
  expect(Object.fromEntries(several)).toEqual({});
});

test("Node is used by the command line and the rooms of Node alone, and the DOM by pages", () => {
  const usesNode = (path: string) => /(?:from|import\()\s*"node:/.test(textOf(path));
  const usesDom = (path: string) => /\b(?:document|window)\.\w/.test(textOf(path));
  const without = ["bench/measure", "bench/peers", "bench/page"].flatMap(filesOf);
  expect(without.length).toBeGreaterThan(50);
  expect(without.filter(usesNode)).toEqual([]);
  expect(library.filter(usesNode).filter((path) => roomOf(path) !== "cli")).toEqual([]);
  const bare = ["src", "bench/measure", "bench/peers", "bench/run", "scripts"].flatMap(filesOf);
  expect(bare.filter(usesDom)).toEqual([]);
});

test("WebGPU's globals are not used, which Node lacks", () => {
  const globals = /\bGPU(?:BufferUsage|ColorWrite|MapMode|ShaderStage|TextureUsage)\b/;
  const files = library.filter((path) => globals.test(textOf(path)));
  expect(files.length).toBeGreaterThan(5);
  const flags = "src/engine/webgpu/device/flags.ts";
  const importing = new Set(imports.flatMap(({ from, to }) => (to === flags ? [from] : [])));
  expect(files.filter((path) => path !== flags && !importing.has(path))).toEqual([]);
});

test("the library has no texts of help", () => {
  const reached = new Set(["src/index.ts"]);
  for (const path of reached) {
    for (const { from, to } of imports) if (from === path) reached.add(to);
  }
  expect(reached).toContain("src/train/options.ts");
  expect(reached).not.toContain("src/train/option-texts.ts");
});

test("the picture in docs/architecture.md is that of the code", () => {
  const document = textOf("docs/architecture.md");
  expect(withRooms(document)).toBe(document);
});

test("an import that climbs, a circle and a name that is declared twice are found", () => {
  const wrong = importsOf(
    "src/core/a.ts",
    'import type { B } from "../engine/b.js";\nawait import("./c.js");',
  );
  expect(climbing(wrong)).toEqual([{ from: "src/core/a.ts", to: "src/engine/b.ts" }]);
  expect(climbing(importsOf("src/math/a.ts", 'export { b } from "../data/b.js";'))).toHaveLength(1);
  const round = [...wrong, ...importsOf("src/core/c.ts", 'import "./a.js";')];
  expect(circle(round)).toEqual(["src/core/a.ts", "src/core/c.ts", "src/core/a.ts"]);
  const twice = homonyms(
    new Map([
      ["a.ts", "export function same() {}"],
      ["b.ts", "export const same = 1;\nexport type Other = 2;"],
    ]),
  );
  expect(twice).toEqual({ same: ["a.ts", "b.ts"] });
});

test("comments and prose past column 110 are found, and code, tables and links are not", () => {
  const long = "word ".repeat(25);
  const code = ["const one = 1;", `/** ${long} */`, ` * ${long}`, `  // ${long}`, `const text = "${long}";`];
  expect(wideComments(code.join("\n"))).toEqual([2, 3, 4]);
  const link = `${"word ".repeat(20)}[text](${"a".repeat(60)})`;
  const prose = [long, `| ${long} |`, `# ${long}`, "```", long, "```", `- ${long}`, link];
  expect(wideProse(prose.join("\n"))).toEqual([1, 7]);
  expect(wideLines(["let one = 1u;", `let two = ${long};`].join("\n"))).toEqual([2]);
});
