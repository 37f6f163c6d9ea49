/** Compiles a folder of AssemblyScript to WebAssembly. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import compiler from "assemblyscript/package.json" with { type: "json" };

const CACHE = join(import.meta.dirname, "../node_modules/.cache/smigh");

/** Flags for users, and for tests that compile many wrong kernels: those take a third of the time. */
const THOROUGHLY = "-O3 --converge";
const QUICKLY = "-O1";

/** Warning 112 is about v128 parameters and results: the kernels exchange them only among themselves. */
const FLAGS = "--noAssert --runtime stub --disableWarning 112 --enable simd --importMemory --initialMemory 1";

/** The memory that the caller provides is shared between threads: up to the 4 GiB that wasm32 addresses. */
const SHARED = "--enable threads --sharedMemory --maximumMemory 65536";
const RELAXED = "--enable relaxed-simd";

/** How a folder is compiled. All are false unless given. */
export interface Variant {
  /** True for the fused multiply-adds of relaxed SIMD. */
  readonly relaxed?: boolean;
  /** True for memory that belongs to one thread. */
  readonly unshared?: boolean;
  /** True to optimise little: for kernels that only tests run. */
  readonly quickly?: boolean;
}

/** Texts by their paths: of an index.ts, and of all that it and others import. */
export type Sources = ReadonlyMap<string, string>;

/** Reads the folder's index.ts and all files that are imported from there. */
export function readSources(folder: string): Sources {
  const sources = new Map<string, string>();
  const add = (path: string) => {
    if (sources.has(path)) return;
    const text = readFileSync(path, "utf8");
    sources.set(path, text);
    for (const [, from] of text.matchAll(/ from "(\.[^"]*)"/g)) add(join(path, "..", `${from}.ts`));
  };
  add(join(folder, "index.ts"));
  return sources;
}

/**
 * Compiles sources as `compileAssembly` does, once: servers, builds and tests share the binary in a file
 * named by a hash of the sources, the flags and the compiler.
 */
export async function cachedAssembly(sources: Sources, variant: Variant = {}): Promise<Buffer> {
  const hash = createHash("sha256").update(
    JSON.stringify([compiler.version, flagsOf(variant), [...sources.values()]]),
  );
  const path = join(CACHE, `${hash.digest("hex")}.wasm`);
  const cached = await readFile(path).catch(() => undefined);
  if (cached) return cached;

  const binary = await compileAssembly(sources, variant);
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, binary);
  await rename(unfinished, path); // other processes see a whole file or none
  return binary;
}

/** Compiles the first of the sources. Throws when the sources do not compile. */
export async function compileAssembly(sources: Sources, variant: Variant = {}): Promise<Buffer> {
  const { default: asc } = await import("assemblyscript/asc");
  const [index = ""] = sources.keys();
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [basename(index), "-o", "kernels.wasm", ...flagsOf(variant), "--baseDir", dirname(index)],
    {
      // Null where there is no such file: the compiler tries several names.
      readFile: (name, base) => sources.get(join(base, name)) ?? null,
      writeFile(name, contents) {
        if (name.endsWith(".wasm") && contents instanceof Uint8Array) binary = contents;
      },
    },
  );
  if (error || !binary) throw new Error(`${index} does not compile:\n${stderr.toString()}`, { cause: error });
  return Buffer.from(binary);
}

function flagsOf({ relaxed = false, unshared = false, quickly = false }: Variant): string[] {
  const all = [
    quickly ? QUICKLY : THOROUGHLY,
    FLAGS,
    ...(unshared ? [] : [SHARED]),
    ...(relaxed ? [RELAXED] : []),
  ];
  return all.join(" ").split(" ");
}
