/** Builds the command once, and runs it in child processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { build } from "vite";

export interface Ended {
  /** Undefined where a signal ended the process. */
  readonly exit: number | undefined;
  readonly out: string;
  readonly status: string;
  /** Whether it was still running after `LIMIT_MS` and was killed. */
  readonly timedOut: boolean;
  /** Peak resident memory of the process. */
  readonly peakBytes: number;
}

export interface Circumstances {
  /** The folder that the command runs in. */
  readonly folder: string;
  /** The largest file that the command may write, in KiB. Writing more fails as on a full disk. */
  readonly fileLimit?: number;
  /** The stream whose reading end is closed: standard output or standard error. */
  readonly closed?: "out" | "status";
  /** Called once, at the first output on standard error. */
  readonly onProgress?: (child: ChildProcess) => void;
}

/** Far more than any of these jobs takes on a busy machine. */
const LIMIT_MS = 60_000;

let built: Promise<string> | undefined;

/** Path of the built command, which is removed when this process exits. */
export function builtCommand(): Promise<string> {
  built ??= buildCommand();
  return built;
}

async function buildCommand(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "smigh-command-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await build({
    configFile: join(import.meta.dirname, "../../vite.config.ts"),
    mode: "library",
    logLevel: "silent",
    build: { outDir: folder },
  });
  return join(folder, "cli.js");
}

/** Runs the command to its end, or kills it after a minute. */
export async function smigh(words: readonly string[], circumstances: Circumstances): Promise<Ended> {
  const { folder, fileLimit, closed, onProgress } = circumstances;
  const peakFile = join(folder, ".peak");
  // Linux counts what the parent had when it forked in maxRSS, and in VmHWM only what the program itself has.
  const report =
    `import { readFileSync, writeFileSync } from "node:fs";` +
    `const own = () => /VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];` +
    `const peak = () => process.platform === "linux" ? own() : String(process.resourceUsage().maxRSS);` +
    `process.on("exit", () => writeFileSync(${JSON.stringify(peakFile)}, peak()));`;
  const node = [`--import=data:text/javascript,${encodeURIComponent(report)}`, await builtCommand()];
  const child =
    fileLimit === undefined
      ? spawn(process.execPath, [...node, ...words], { cwd: folder })
      : spawn(
          "bash",
          ["--norc", "-c", `ulimit -f ${fileLimit}; exec "$0" "$@"`, process.execPath, ...node, ...words],
          {
            cwd: folder,
          },
        );
  child.stdin.end();
  let [out, status, timedOut] = ["", "", false];
  if (closed === "out") child.stdout.destroy();
  if (closed === "status") child.stderr.destroy();
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => {
    if (status === "") onProgress?.(child);
    status += bytes.toString();
  });
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, LIMIT_MS);
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(timer);
  const peakKiB = await readFile(peakFile, "utf8").catch(() => "NaN");
  await rm(peakFile, { force: true });
  return { exit: exit ?? undefined, out, status, timedOut, peakBytes: 1024 * Number(peakKiB) };
}
