/** Compiles a folder of AssemblyScript to WebAssembly. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import compiler from "assemblyscript/package.json" with { type: "json" };

const CACHE = join(import.meta.dirname, "../node_modules/.cache/smigh");

/** Flags for users, and for tests that edit one kernel after another: those take a third of the time. */
const THOROUGHLY = "-O3 --converge";
const QUICKLY = "-O1";

const FLAGS = [
  "--noAssert --runtime stub",
  "--disableWarning 112", // v128 parameters and results: the kernels exchange them only among themselves
  "--enable simd --enable threads",
  // The caller provides the memory, shared between threads: up to the 4 GiB that wasm32 addresses.
  "--importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536",
].flatMap((some) => some.split(" "));

/** Replaces a text that occurs exactly once in a file. */
export interface Edit {
  readonly file: string;
  readonly edit: readonly [from: string, to: string];
}

/**
 * Compiles the folder's index.ts as `compileAssembly` does, once: servers, builds and tests share the binary
 * in a file named by a hash of the sources, the flags and the compiler.
 */
export async function cachedAssembly(folder: string, relaxed: boolean): Promise<Buffer> {
  const hash = createHash("sha256").update(JSON.stringify([compiler.version, THOROUGHLY, FLAGS, relaxed]));
  for (const file of readdirSync(folder).toSorted()) {
    hash.update(JSON.stringify([file, readFileSync(join(folder, file), "utf8")]));
  }
  const path = join(CACHE, `${hash.digest("hex")}.wasm`);
  const cached = await readFile(path).catch(() => undefined);
  if (cached) return cached;

  const binary = await compileAssembly(folder, relaxed);
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, binary);
  await rename(unfinished, path); // other processes see a whole file or none
  return binary;
}

/**
 * Compiles the folder's index.ts. `relaxed` enables the fused multiply-add of relaxed SIMD; `edited` changes
 * one text for a test. Throws when the folder does not compile.
 */
export async function compileAssembly(folder: string, relaxed: boolean, edited?: Edit): Promise<Buffer> {
  const { default: asc } = await import("assemblyscript/asc");
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

/** Reads a source, edited if asked. Null where there is no such file: the compiler tries several names. */
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
