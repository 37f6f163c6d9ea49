/** Compiles a folder of AssemblyScript. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";

/** What users get, and what a test gets that edits one kernel after another: that takes a third of the time. */
const THOROUGHLY = "-O3 --converge";
const QUICKLY = "-O1";

const FLAGS = [
  "--noAssert --runtime stub",
  "--disableWarning 112", // that the kernels pass vectors, which they do only among themselves
  "--enable simd --enable threads",
  // They live in the memory of whoever runs them, shared between threads: up to the 4 GiB that wasm32 addresses.
  "--importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536",
].flatMap((some) => some.split(" "));

/** Text of a file that stands in it once, and what replaces it. */
export interface Edit {
  readonly file: string;
  readonly edit: readonly [from: string, to: string];
}

/** The binary of the folder's index.ts: with the multiply-add that the machine fuses, or without. A test may edit it. */
export async function compileAssembly(folder: string, relaxed: boolean, edited?: Edit): Promise<Buffer> {
  let binary: Uint8Array | undefined;
  const optimised = (edited ? QUICKLY : THOROUGHLY).split(" ");
  const flags = [...optimised, ...FLAGS, ...(relaxed ? ["--enable", "relaxed-simd"] : [])];
  const { error, stderr } = await asc.main(
    ["index.ts", "-o", "kernels.wasm", ...flags, "--baseDir", folder],
    {
      readFile(name, base) {
        return sourceOf(join(base, name), edited);
      },
      writeFile(name, contents) {
        if (name.endsWith(".wasm") && contents instanceof Uint8Array) binary = contents;
      },
    },
  );
  if (error || !binary)
    throw new Error(`${folder} does not compile:\n${stderr.toString()}`, { cause: error });
  return Buffer.from(binary);
}

/** Null where there is no such file: the compiler tries several names. */
function sourceOf(path: string, edited: Edit | undefined): string | null {
  const source = readIfThere(path);
  if (source === null || !edited || !path.endsWith(`/${edited.file}`)) return source;
  const [from, to] = edited.edit;
  if (source.split(from).length !== 2)
    throw new Error(`${JSON.stringify(from)} does not stand once in ${path}.`);
  return source.replace(from, () => to);
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
