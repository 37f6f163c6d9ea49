/**
 * Projects of consumers: a folder with the packed package, the programs of app/, and other packages from the
 * registry. Those are installed once, in the pinned version, into a cache in the system's temporary folder.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { installPacked } from "../../scripts/pack.js";

const cache = join(tmpdir(), "smigh-consumers");

/** Milliseconds that a tool or a program may take. One that takes longer does not end by itself. */
const LIMIT_MS = 90_000;

/** A command did not do what it should. */
export class CommandError extends Error {
  override name = "CommandError";
}

export interface Project {
  readonly folder: string;
  /** Path of a file of a package that the project has, such as "vite/bin/vite.js". */
  installed(file: string): string;
  /** Writes a file. */
  write(name: string, text: string): Promise<void>;
  /** Runs a command in the folder, and returns its standard output. Throws if it fails, or does not end. */
  run(command: string, words: readonly string[], env?: Env): Promise<string>;
}

export type Env = Readonly<Record<string, string>>;

/** The package as `npm pack` makes it of dist/, installed in a temporary folder. */
export interface Packed {
  /** Makes a project with the package, and with others from the registry, such as "vite@8.4.0". */
  createProject(name: string, packages: readonly string[]): Promise<Project>;
  remove(): Promise<void>;
}

/** Packs dist/ and installs the tarball in an empty folder. */
export async function pack(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), "smigh-packed-"));
  installPacked(folder);
  return {
    async createProject(name, packages) {
      const home = join(folder, name);
      await cp(join(import.meta.dirname, "app"), home, { recursive: true });
      await writeFile(join(home, "package.json"), '{ "private": true, "type": "module" }\n');
      await cp(join(folder, "node_modules/smigh"), join(home, "node_modules/smigh"), { recursive: true });
      const modules = packages.length === 0 ? "" : await cached(packages);
      for (const one of packages.map(nameOf)) {
        const linked = join(home, "node_modules", one);
        await mkdir(dirname(linked), { recursive: true });
        await symlink(join(modules, one), linked, "junction");
      }
      return {
        folder: home,
        installed: (file) => join(home, "node_modules", file),
        write: (file, text) => writeFile(join(home, file), text),
        run: (command, words, env) => run(home, command, words, env),
      };
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** "vite" of "vite@8.4.0". */
function nameOf(specifier: string): string {
  return specifier.slice(0, specifier.lastIndexOf("@"));
}

/** The node_modules of the packages in the cache, where they are installed if they are not there yet. */
async function cached(packages: readonly string[]): Promise<string> {
  const home = join(cache, packages.join(" ").replaceAll("/", "+"));
  if (!existsSync(home)) {
    // Several processes may install them at once: the first to rename wins.
    await mkdir(cache, { recursive: true });
    const installing = await mkdtemp(join(cache, "installing-"));
    await install(installing, packages);
    await rename(installing, home).catch(() => rm(installing, { recursive: true }));
  }
  return join(home, "node_modules");
}

async function install(folder: string, packages: readonly string[], ...flags: readonly string[]) {
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  await npm(folder, "install", "--silent", "--no-audit", "--no-fund", ...flags, ...packages);
}

function npm(folder: string, ...words: readonly string[]): Promise<string> {
  return run(folder, "npm", words);
}

/** Runs a command to its end, and returns its standard output. */
function run(folder: string, command: string, words: readonly string[], env: Env = {}): Promise<string> {
  const child = spawn(command, words, {
    cwd: folder,
    env: { ...process.env, ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, all] = ["", ""];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      all += text;
      if (stream === child.stdout) out += text;
    });
  }
  return new Promise((resolve, reject) => {
    const fail = (how: string) =>
      reject(new CommandError(`${[command, ...words].join(" ")} ${how}\n${all.trim()}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`did not end within ${LIMIT_MS / 1000} s`);
    }, LIMIT_MS);
    child.once("error", (error) => fail(String(error)));
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      if (status === 0) resolve(out);
      else fail(`ended with ${signal ?? `status ${status}`}`);
    });
  });
}
