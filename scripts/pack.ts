/** Packs the built package as `npm publish` does, and installs it offline, as a person has it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const root = join(import.meta.dirname, "..");

/** Packs dist/, and installs the tarball in a folder, which is made. */
export function installPacked(home: string): void {
  const folder = mkdtempSync(join(tmpdir(), "smigh-tarball-"));
  const npm = (...words: string[]) =>
    execFileSync("npm", words, { cwd: home, stdio: "pipe", shell: process.platform === "win32" });
  try {
    mkdirSync(home, { recursive: true });
    npm("pack", root, "--ignore-scripts", "--silent", "--pack-destination", folder);
    const [tarball] = readdirSync(folder);
    writeFileSync(join(home, "package.json"), '{ "private": true, "type": "module" }\n');
    npm("install", "--silent", "--offline", "--no-audit", join(folder, tarball));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
