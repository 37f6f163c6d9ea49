/**
 * Packs the built package, installs it in an empty folder, and uses it there as a person does: the command by
 * `npx smigh`, and each entry point by its name, also with types.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { exports, name, version } from "../package.json" with { type: "json" };

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "smigh-packed-"));
const home = join(folder, "home");

function run(command: string, ...words: string[]): string {
  return execFileSync(command, words, { cwd: home, encoding: "utf8", shell: process.platform === "win32" });
}

function expectEqual(what: string, found: string, wanted: string): void {
  if (found.trim() !== wanted) throw new Error(`${what} printed ${JSON.stringify(found)}, not ${wanted}.`);
}

try {
  mkdirSync(home);
  run("npm", "pack", root, "--ignore-scripts", "--silent", "--pack-destination", folder);
  const [tarball] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  writeFileSync(join(home, "package.json"), '{ "private": true }\n');
  run("npm", "install", "--silent", "--offline", "--no-audit", join(folder, tarball));

  for (const path of Object.keys(exports)) {
    const imported = join(name, path).replaceAll("\\", "/");
    const script = `console.log(Object.keys(await import("${imported}")).length > 0)`;
    expectEqual(imported, run("node", "--input-type=module", "--eval", script), "true");
  }

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
  console.log(`tarball: ${name} ${version} installs, trains and predicts`);
} finally {
  rmSync(folder, { recursive: true });
}
