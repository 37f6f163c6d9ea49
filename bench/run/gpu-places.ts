/** The two places where `npm run bench:gpu` measures: Chrome, and Node through Dawn. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findChrome, swiftShaderEnvironment } from "../browsers/chrome.js";
import { visit } from "../browsers/visit.js";
import type { GpuResults, GpuTask } from "../measure/gpu.js";
import type { Conformance } from "../measure/gpu-report.js";

const root = join(import.meta.dirname, "../..");

export interface BenchPlace {
  readonly name: "Chrome" | "Node";
  /** Systems that run there, besides smigh/webgpu. */
  readonly peers: readonly string[];
  /** The arguments with which vitest runs the conformance tests there. */
  readonly conformance: readonly string[];
  /** Does a task. Rejects with what went wrong, or after so many seconds. */
  perform<K extends GpuTask["kind"]>(
    task: Extract<GpuTask, { kind: K }>,
    seconds: number,
  ): Promise<GpuResults[K]>;
}

/** On the GPU, or with `software` on SwiftShader. `mnist` is the address of the digits, for Node. */
export function placesOf(software: boolean, mnist: string): readonly BenchPlace[] {
  const say = (progress: string) => process.stderr.write(`  ${progress}\n`);
  return [
    {
      name: "Chrome",
      peers: ["jax-js/webgpu", "tfjs/webgpu"],
      conformance: ["--project", "browser", "test/conformance/webgpu.browser.test.ts"],
      async perform(task, seconds) {
        const page = `studies/gpu-page.html?${new URLSearchParams({ task: JSON.stringify(task) })}`;
        const { result } = await visit("chrome", page, seconds, say, adapterFor(software));
        return result as never;
      },
    },
    {
      name: "Node",
      peers: ["jax-js/webgpu"],
      conformance: ["--project", "node", "test/conformance/webgpu.test.ts"],
      async perform(task, seconds) {
        const script = join(import.meta.dirname, "gpu-in-node.ts");
        const words = ["--import", "tsx", script, JSON.stringify({ mnist, ...task })];
        const env = software ? await swiftShaderEnvironment(await findChrome()) : {};
        const output = await runNode(words, env, seconds, say);
        return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as never;
      },
    },
  ];
}

/** Runs the conformance tests in a place. Rejects if they do not run to their end. */
export async function testConformance(
  { conformance }: BenchPlace,
  software: boolean,
  seconds: number,
): Promise<Conformance> {
  const folder = await mkdtemp(join(tmpdir(), "smigh-gpu-"));
  try {
    const file = join(folder, "tests.json");
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const words = [vitest, "run", ...conformance, "--reporter=json", `--outputFile=${file}`];
    const env = { SMIGH_ADAPTER: adapterFor(software) };
    // Tests that fail end vitest with status 1, and are in the file.
    const broken = await runNode(words, env, seconds).then(
      () => new Error("vitest wrote no results"),
      (error: unknown) => error,
    );
    const text = await readFile(file, "utf8").catch(() => {
      throw broken;
    });
    return conformanceIn(JSON.parse(text) as TestResults);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The fields of Vitest's JSON report that are read. */
interface TestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function conformanceIn({ numPassedTests, numFailedTests, testResults }: TestResults): Conformance {
  if (numPassedTests + numFailedTests === 0) {
    throw new Error(testResults.map(({ message }) => message).join(" ") || "There are no such tests.");
  }
  const failures = testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, fullName }) => (status === "failed" ? [fullName] : [])),
  );
  return { passed: numPassedTests, failed: numFailedTests, failures };
}

function adapterFor(software: boolean) {
  return software ? "swiftshader" : "hardware";
}

/** Runs Node, and returns its standard output. Rejects when it fails, with the end of its messages. */
function runNode(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  seconds: number,
  say?: (line: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd: root,
      env: { ...process.env, ...env },
      timeout: Math.ceil(1000 * seconds),
      maxBuffer: 2 ** 28,
    };
    const child = execFile(process.execPath, words, options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.killed) reject(new Error(`It took more than ${Math.round(seconds)} s.`));
      else reject(new Error(/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.slice(-500)));
    });
    child.stderr?.on("data", (text: string) => say?.(text.trimEnd()));
  });
}
