/** Output files: checked before any work starts, then written whole or not at all. */
import { randomBytes } from "node:crypto";
import { type BigIntStats, fstatSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, access, constants, open, readlink, realpath, rename, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import process from "node:process";
import { UsageError } from "./arguments.js";
import { FileError, withFile } from "./file-error.js";

/** Chains of symbolic links are followed this far, as on Linux. */
const MAX_LINKS = 40;

/** The descriptors of standard output and standard error. */
const STANDARD_STREAMS = [1, 2];

/** Makes `stat` return bigints, since inode numbers need 64 bits. */
const BIG = { bigint: true } as const;

type Parts = Iterable<string | Uint8Array> | AsyncIterable<string>;

/** A file to write, checked before the work starts. */
export class OutputFile {
  /** The path as given on the command line. */
  readonly path: string;
  readonly #put: (parts: Parts) => Promise<void>;

  private constructor(path: string, put: (parts: Parts) => Promise<void>) {
    this.path = path;
    this.#put = put;
  }

  /**
   * Checks that `path` can be written and is not one of `inputs` under another name. Changes nothing on the
   * disk. Throws a UsageError where it is an input, and a FileError where it cannot be written.
   */
  static async prepare(path: string, inputs: readonly string[]): Promise<OutputFile> {
    if (path === "") throw new UsageError("--output is empty: name the file to write.");
    return withFile(path, "written", async () => {
      const old = await statOf(path);
      if (old?.isDirectory() || path.endsWith("/") || path.endsWith(sep))
        throw new FileError(`${path} cannot be written: it is a folder.`);
      if (old) {
        if (!old.isFile()) return new OutputFile(path, (parts) => append(path, parts));
        const standard = STANDARD_STREAMS.find((descriptor) => isSame(old, fstatSync(descriptor, BIG)));
        if (standard !== undefined) return new OutputFile(path, (parts) => appendTo(standard, parts));
        for (const input of inputs) {
          const other = await statOf(input).catch(() => undefined); // reading it says why not
          if (other && isSame(old, other)) throw sameFile(path, input);
        }
        await access(path, constants.W_OK);
      }
      const target = await followLinks(path);
      await checkFolder(path, dirname(target));
      return new OutputFile(path, (parts) => replace(target, parts));
    });
  }

  /** Writes all parts, one after another. An error leaves the old file as it was. */
  async write(parts: Parts): Promise<void> {
    await withFile(this.path, "written", () => this.#put(parts));
  }
}

function sameFile(path: string, input: string): UsageError {
  return new UsageError(
    path === input
      ? `${path} is to be read and written: name another file with --output.`
      : `${path}, to be written, is the same file as ${input}, to be read: name another with --output.`,
  );
}

/** Writes to a standard stream that is redirected to a file, at its current position. */
async function appendTo(descriptor: number, parts: Parts): Promise<void> {
  for await (const part of parts) writeFileSync(descriptor, part);
}

/** Writes to a pipe or a device, which cannot be replaced by a file. */
async function append(path: string, parts: Parts): Promise<void> {
  const file = await open(path, "a");
  try {
    for await (const part of parts) await file.writeFile(part);
  } finally {
    await file.close();
  }
}

/** Writes a temporary file in the same folder, syncs it to the disk and renames it to `target`. */
async function replace(target: string, parts: Parts): Promise<void> {
  const old = await statOf(target);
  const temporary = temporaryBeside(target);
  const remove = () => rmSync(temporary, { force: true });
  process.once("exit", remove); // a second signal ends the process at once
  try {
    const file = await open(temporary, "wx", old ? 0o600 : 0o666);
    try {
      if (old) await inherit(file, old);
      for await (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    remove();
    throw error;
  } finally {
    process.removeListener("exit", remove);
  }
  await syncFolder(dirname(target));
}

/** Copies the mode of the old file, and its owner where the system allows that. */
async function inherit(file: FileHandle, old: BigIntStats): Promise<void> {
  await file.chown(Number(old.uid), Number(old.gid)).catch(() => {});
  await file.chmod(Number(old.mode & 0o7777n));
}

/** Makes the rename survive a crash. Does nothing on systems that cannot sync a folder. */
async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, "r").catch(() => undefined);
  await file?.sync().catch(() => {});
  await file?.close();
}

/** Checks that `folder` exists and is writable, by creating a file in it: permissions alone do not tell. */
async function checkFolder(path: string, folder: string): Promise<void> {
  const found = await statOf(folder);
  if (!found) throw new FileError(`${path} cannot be written: there is no folder ${folder}.`);
  if (!found.isDirectory()) throw new FileError(`${path} cannot be written: ${folder} is no folder.`);
  const probe = temporaryBeside(join(folder, basename(path)));
  await (await open(probe, "wx")).close();
  rmSync(probe);
}

function temporaryBeside(target: string): string {
  return join(dirname(target), `.smigh-${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
}

/** Resolves symbolic links, also to a file that does not exist yet. */
async function followLinks(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links < MAX_LINKS; links++) {
    const link = await readlink(target).catch(() => undefined);
    if (link === undefined) return target;
    target = resolve(await realpath(dirname(target)), link);
  }
  return target;
}

/** Returns undefined where nothing exists. */
async function statOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, BIG);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells whether two names, spellings or links are the same file. */
function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino !== 0n && a.ino === b.ino && a.dev === b.dev;
}
