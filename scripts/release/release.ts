/**
 * Releases the package: checks that all is committed and the version is in the changelog, runs all checks,
 * tests and consumers, packs, shows what is in the tarball, and publishes it.
 *
 *   npm run release -- [--dry-run] [--skip-tests]
 *
 * --dry-run publishes nothing. --skip-tests is for a dry run of the packing alone. On GitHub the workflow
 * `release.yml` runs it, so that npm records where the package was built.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { files, name, version } from "../../package.json" with { type: "json" };
import { relativeLinks, withAbsoluteLinks } from "./readme.js";

const { values } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    "skip-tests": { type: "boolean", default: false },
  },
});
const { "dry-run": dryRun, "skip-tests": skipTests } = values;
if (skipTests && !dryRun) throw new Error("--skip-tests needs --dry-run: nothing untested is published.");

const root = join(import.meta.dirname, "../..");

const changes = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
if (changes !== "") throw new Error(`What is released must be committed:\n${changes}`);
const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
if (!new RegExp(`^## ${version.replaceAll(".", "\\.")}\\b`, "m").test(changelog)) {
  throw new Error(
    `CHANGELOG.md has no section "## ${version}": write it, or set the version of package.json.`,
  );
}
if (!dryRun && /^## .*unreleased/im.test(changelog)) {
  throw new Error("CHANGELOG.md still has a section that is unreleased: give it the version and the date.");
}
if (!skipTests) for (const script of ["check", "test", "test:consumers"]) run("npm", "run", script);
run("npm", "run", "build:library");

const stage = mkdtempSync(join(tmpdir(), "smigh-release-"));
try {
  for (const path of [
    ...files.filter((one) => !one.startsWith("!")),
    "package.json",
    "LICENSE",
    "README.md",
  ]) {
    cpSync(join(root, path), join(stage, path), { recursive: true });
  }
  rmSync(join(stage, "dist", "page"), { recursive: true, force: true });
  const readme = readFileSync(join(stage, "README.md"), "utf8");
  const lost = relativeLinks(readme).filter((path) => !existsSync(join(stage, path)));
  if (lost.length > 0) throw new Error(`README.md links to what the package lacks: ${lost.join(", ")}.`);
  writeFileSync(join(stage, "README.md"), withAbsoluteLinks(readme, name, version));
  const provenance = process.env["GITHUB_ACTIONS"] ? ["--provenance"] : [];
  const how = dryRun ? ["--dry-run"] : provenance;
  run("npm", "publish", stage, "--ignore-scripts", "--access", "public", ...how);
} finally {
  rmSync(stage, { recursive: true });
}

function run(command: string, ...words: string[]): void {
  execFileSync(command, words, { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
}
