/** The reference in docs/: every public name has TSDoc that says what its type does not, and is in it. */
import { expect, test } from "vitest";
import { type Declaration, readEntryPoint, publicApi } from "../scripts/docs/public-api.js";
import { Source } from "../scripts/docs/source.js";
import { writtenFiles } from "../scripts/docs/write.js";
import { textOf } from "../scripts/imports.js";

const api = publicApi();
const everywhere = api.flatMap(({ declarations }) => declarations);

/**
 * Lists what the TSDoc of a declaration lacks: a comment, or a tag. Functions say their parameters, result,
 * errors and an example; methods the same but for the example; a class of other things than errors an
 * example. A field that an interface documents need not be documented in the class that implements it.
 */
function lacking(declaration: Declaration, all: readonly Declaration[], owner = ""): string[] {
  const { kind, name, doc, code, parameters, returns, members } = declaration;
  const implemented = code.match(/\bimplements (\w+)/)?.[1];
  const elsewhere = all.find((one) => one.name === implemented)?.members ?? [];
  const inside = members
    .filter((member) => !elsewhere.some(({ name, doc }) => doc && name === member.name))
    .flatMap((member) => lacking(member, all, `${name}.`));
  const has = (wanted: string, of = "") => doc?.tags.some(({ tag, name }) => tag === wanted && name === of);
  const callable = ["function", "method", "constructor"].includes(kind);
  const said = !["", "void", "Promise<void>"].includes(returns);
  const wanted = [
    ...(doc?.text ? [] : ["text"]),
    ...parameters.filter((one) => !has("param", one)).map((one) => `@param ${one}`),
    ...(callable && said && !has("returns") ? ["@returns"] : []),
    ...(callable && parameters.length > 0 && kind !== "constructor" && !has("throws") ? ["@throws"] : []),
    ...((kind === "function" || (kind === "class" && !code.includes("Error"))) && !has("example")
      ? ["@example"]
      : []),
  ];
  return [...wanted.map((one) => `${owner}${name}: ${one}`), ...inside];
}

test("every public name has TSDoc", () => {
  expect(everywhere.length).toBeGreaterThan(40);
  expect(everywhere.flatMap((one) => lacking(one, everywhere))).toEqual([]);
});

test("the reference is that of the code: otherwise, npm run docs", async () => {
  for (const [path, text] of await writtenFiles()) expect(textOf(path), path).toBe(text);
});

test("TSDoc that lacks something is found", () => {
  const { declarations } = readEntryPoint(
    "wrong",
    new Source(
      "wrong.ts",
      `export function bare(x: number): number { return x; }
      /**
       * Adds.
       *
       * @param a one number
       * @returns the sum
       */
      export function add(a: number, b = 0): number { return a + b; }
      export interface Size { /** In metres. */ readonly width: number; readonly depth: number; }
      /** A box. */
      export class Box implements Size {
        readonly width = 1;
        readonly depth = 1;
        #inside = 1;
        /** Opens it. */
        open(how: string): void {}
      }
      /** An error. */
      export class BoxError extends Error {}`,
    ),
  );
  expect(declarations.flatMap((one) => lacking(one, declarations))).toEqual([
    ...["text", "@param x", "@returns", "@throws", "@example"].map((one) => `bare: ${one}`),
    ...["@param b", "@throws", "@example"].map((one) => `add: ${one}`),
    "Size: text",
    "Size.depth: text",
    "Box: @example",
    "Box.depth: text",
    "Box.open: @param how",
    "Box.open: @throws",
  ]);
});
