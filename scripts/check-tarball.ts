/**
 * Packs the built package, installs it in an empty folder, and uses it there as a person does: the command by
 * `npx smigh`, each entry point by its name, also with types, and bundled for pages; then beside webgpu.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { findChrome, swiftShaderEnvironment } from "../bench/browsers/chrome.js";
import { exports, name, version } from "../package.json" with { type: "json" };
import { installPacked } from "./pack.js";

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "smigh-packed-"));
const home = join(folder, "home");

let env = process.env;

function run(command: string, ...words: string[]): string {
  const shell = process.platform === "win32";
  return execFileSync(command, words, { cwd: home, encoding: "utf8", shell, env });
}

function expectEqual(what: string, found: string, wanted: string): void {
  if (found.trim() !== wanted) throw new Error(`${what} printed ${JSON.stringify(found)}, not ${wanted}.`);
}

function expectMatch(what: string, found: string, wanted: RegExp): void {
  if (!wanted.test(found)) throw new Error(`${what} printed ${JSON.stringify(found)}, not ${wanted}.`);
}

/** Bundles all entry points for pages. Throws where a bundler warns, or looks for a package. */
async function bundle(): Promise<void> {
  const entry = join(home, "page.js");
  const exported = Object.keys(exports).map((path) => `export * from "${join(name, path)}";`);
  writeFileSync(entry, exported.join("\n").replaceAll("\\", "/"));
  const warnings: string[] = [];
  const outdir = join(home, "bundled");
  const { warnings: found } = await esbuild.build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
    outdir,
  });
  warnings.push(...found.map(({ text }) => `esbuild: ${text}`));
  const customLogger = vite.createLogger("silent");
  const warn = (text: string) => void warnings.push(`vite: ${text}`);
  await vite.build({
    configFile: false,
    root: home,
    logLevel: "warn",
    customLogger: { ...customLogger, warn, warnOnce: warn },
    build: { outDir: outdir, rolldownOptions: { input: entry, preserveEntrySignatures: "strict" } },
  });
  if (warnings.length > 0) throw new Error(`Bundlers warn: ${warnings.join("\n")}`);
}

try {
  installPacked(home);

  for (const path of Object.keys(exports)) {
    const imported = join(name, path).replaceAll("\\", "/");
    const script = `console.log(Object.keys(await import("${imported}")).length > 0)`;
    expectEqual(imported, run("node", "--input-type=module", "--eval", script), "true");
  }

  // Source maps lead to the TypeScript.
  const failing = `import { train } from "${name}"; await train([]).catch(({ stack }) => console.log(stack));`;
  const stack = run("node", "--enable-source-maps", "--input-type=module", "--eval", failing);
  expectMatch("a stack", stack, /^DataError: [^]*src\/data\/fields\.ts:\d+/);

  // The declarations need no lib beyond these, also in a project that checks those of its packages.
  const types = Object.keys(exports).map((path) => `export * from "${join(name, path)}";`);
  writeFileSync(join(home, "types.ts"), types.join("\n").replaceAll("\\", "/"));
  const strict = "--strict --noEmit --module esnext --moduleResolution bundler --lib es2022,dom";
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  expectEqual("tsc", run("node", compiler, ...strict.split(" "), "types.ts"), "");

  // Two features in a row: small ones are of class 0, large ones of class 1.
  writeFileSync(
    join(home, "x"),
    Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 2, 1, 2, 3, 1, 200, 210, 220, 230),
  );
  writeFileSync(join(home, "y"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 4, 0, 0, 1, 1));
  const smigh = (...words: string[]) => run("npx", "--offline", "smigh", ...words);
  expectEqual("smigh --version", smigh("--version"), version);
  smigh("train", "x", "--labels", "y", "-o", "model.json");
  expectEqual("smigh predict", smigh("predict", "model.json", "x").replaceAll("\n", " "), "0 0 1 1");

  expectMatch("smigh doctor", smigh("doctor"), /^webgpu .*"npm install webgpu"\.$/m);
  await bundle();
  symlinkSync(join(root, "node_modules", "webgpu"), join(home, "node_modules", "webgpu"), "junction");
  env = { ...process.env, ...(await swiftShaderEnvironment(await findChrome())) };
  const trained = smigh("train", "x", "--labels", "y", "-o", "model.json", "--engine", "webgpu");
  expectMatch("smigh train", trained, /on webgpu \(engine is webgpu\)/);
  await bundle();
  console.log(`tarball: ${name} ${version} installs, trains and predicts`);
} finally {
  rmSync(folder, { recursive: true });
}
