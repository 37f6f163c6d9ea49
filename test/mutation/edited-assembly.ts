/**
 * Edits AssemblyScript at the points that it marks, for tests that must detect a wrong kernel. One binary has
 * all wrong kernels: each edited function stands beside the right one, which calls it if the global `wrong`
 * is the number of that edit. A test chooses a wrong kernel by writing its number into the binary.
 */
import { dirname, join, relative } from "node:path";
import { type Sources, cachedAssembly, readSources } from "../../scripts/assembly.js";
import type { WasmKernels } from "../../src/engine/wasm/module.js";
import { type Edit, editText, pointsOf } from "./points.js";
import * as tables from "./wrong-assembly.js";

/** One edit of a file of src/engine/wasm/assembly/. */
export interface AssemblyEdit extends Edit {
  readonly file: string;
  /** Set for an edit of code that runs only where products keep twelve sums in registers. */
  readonly twelveSums?: true;
}

export const ASSEMBLY = join(import.meta.dirname, "../../src/engine/wasm/assembly");

/** All edits of the tables. The number of a wrong kernel is its place among them. */
export const WRONG: readonly AssemblyEdit[] = Object.values(tables).flat();

/** The global's value in the binary that has all wrong kernels. No other number there has these bytes. */
const UNSET = 0x12345678;

const compiled = new Map<string, Promise<Buffer>>();

/** Compiles the kernels with one edit of the tables. */
export async function editedKernels(wrong: AssemblyEdit): Promise<WasmKernels> {
  const module = await WebAssembly.compile(await editedAssembly(ASSEMBLY, wrong));
  return { module, relaxed: false, twelveSums: wrong.twelveSums ?? false };
}

/** Compiles a folder of AssemblyScript, which may import the kernels, with one edit of the tables. */
export async function editedAssembly(folder: string, wrong: AssemblyEdit): Promise<Uint8Array<ArrayBuffer>> {
  const compiling =
    compiled.get(folder) ?? cachedAssembly(withEdits(readSources(folder), WRONG), { quickly: true });
  compiled.set(folder, compiling);
  const binary = await compiling;
  const unset = Buffer.from(fiveBytes(UNSET));
  const at = binary.indexOf(unset);
  const number = WRONG.indexOf(wrong);
  if (number === -1 || at === -1 || binary.includes(unset, at + 1)) {
    throw new Error(`"${wrong.what}" is in no table, or its number has no place in the binary.`);
  }
  const chosen = Uint8Array.from(binary);
  chosen.set(fiveBytes(number), at);
  return chosen;
}

/** The bytes of an integer in WebAssembly, as many as those of the largest. */
function fiveBytes(value: number): number[] {
  return [0, 7, 14, 21, 28].map((shift) => ((value >> shift) & 127) | (shift < 28 ? 128 : 0));
}

/** Adds the edited functions to the sources, and the global `wrong` to what they export. */
export function withEdits(sources: Sources, wrong: readonly AssemblyEdit[]): Sources {
  const global = join(ASSEMBLY, "wrong.ts");
  const found = new Map([[global, `export let wrong: i32 = ${UNSET};\n`]]);
  const texts = Array.from(sources, ([path, text], place): [string, string] => {
    const from = `from "./${relative(dirname(path), global).replace(".ts", "")}";\n`;
    const head = `${place === 0 ? `export { wrong } ${from}` : ""}import { wrong } ${from}`;
    const own = wrong
      .map((one, number) => ({ ...one, number }))
      .filter(({ file }) => path === join(ASSEMBLY, file));
    return [path, head + withVersions(text, own)];
  });
  return new Map([...texts, ...found]);
}

interface Numbered extends AssemblyEdit {
  readonly number: number;
}

const FUNCTION = /^(export )?function (\w+)\(([^)]*)\): (\w+) \{\n([^]*?)^\}$/gm;

/** Adds the versions of each function of a file that has edits, and lets it call them. */
function withVersions(text: string, edits: readonly Numbered[]): string {
  const points = Array.from(text.matchAll(FUNCTION), ([whole]) => pointsOf(whole)).flat();
  for (const { file, point } of edits) {
    const marked = points.filter((one) => one === point).length;
    if (marked !== 1)
      throw new Error(`Functions of ${file} mark the point ${point} ${marked} times, not once.`);
  }
  const versionsOf = (
    whole: string,
    exported: string | undefined,
    name: string,
    parameters: string,
    result: string,
    body: string,
  ) => {
    const own = edits.filter(({ point }) => pointsOf(body).includes(point));
    if (own.length === 0) return whole;
    const names = Array.from(parameters.matchAll(/(\w+):/g), ([, one]) => one).join(", ");
    const calls = own.map(({ number }) => {
      const call = `${name}${number}(${names});`;
      return `if (wrong == ${number}) ${result === "void" ? `{ ${call} return; }` : `return ${call}`}\n`;
    });
    const versions = own.map(
      (one) => `function ${name}${one.number}(${parameters}): ${result} {\n${editText(one.file, body, one)}}`,
    );
    const right = `${exported ?? ""}function ${name}(${parameters}): ${result} {\n${calls.join("")}${body}}`;
    return [right, ...versions].join("\n");
  };
  return text.replaceAll(FUNCTION, versionsOf);
}
