/**
 * Bundles scripts of this project and runs them in Deno, whose WebGPU (wgpu) and shader compiler (Naga) are
 * independent of Chrome's. Uses the Deno on PATH or else the npm package, which npx downloads once; it is too
 * large to install with the project.
 */
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { type AliasOptions, build } from "vite";
import { assemblyPlugin } from "../../../scripts/assembly-plugin.js";
import { shaderPlugin } from "../../../scripts/shader-plugin.js";

const COMMANDS = [["deno"], ["npx", "--yes", "--prefer-offline", "deno@2"]] as const;

export class DenoError extends Error {
  override name = "DenoError";
}

export interface Script {
  /** "deno 2.9.6" */
  readonly version: string;
  run(options?: RunOptions): Promise<Outcome>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly args?: readonly string[];
  /** Folder that the script may read. By default it may read nothing but itself. */
  readonly mayRead?: string;
  /** Whether standard output goes to the outcome's `output` instead of the terminal (default false). */
  readonly captured?: boolean;
}

interface Outcome {
  readonly status: number;
  readonly output: string;
}

/** Bundles a script with its imports: Deno resolves neither `?raw` nor a `.js` that is a `.ts` file. */
export async function denoScript(name: string, alias: AliasOptions = {}): Promise<Script> {
  const { command, version } = await findDeno();
  const folder = await mkdtemp(join(tmpdir(), "smigh-deno-"));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    await build({
      configFile: false,
      logLevel: "warn",
      plugins: [assemblyPlugin(), shaderPlugin()],
      resolve: { alias },
      build: {
        outDir: folder,
        emptyOutDir: true,
        target: "esnext",
        minify: false,
        chunkSizeWarningLimit: Infinity,
        lib: { entry: join(import.meta.dirname, name), formats: ["es"], fileName: () => "script.mjs" },
        // The tests are imported for their side effects, which package.json says the package does not have.
        rolldownOptions: { external: [/^node:/], treeshake: false },
      },
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { version, close, run: (options = {}) => run(command, folder, options) };
}

async function run(
  command: readonly string[],
  folder: string,
  { args = [], mayRead, captured = false }: RunOptions,
): Promise<Outcome> {
  const [program = "", ...first] = command;
  const flags = ["--unstable-webgpu", "--no-config", "--no-remote", "--no-npm", "--no-prompt"];
  if (mayRead !== undefined) flags.push(`--allow-read=${mayRead}`);
  const child = spawn(program, [...first, "run", ...flags, join(folder, "script.mjs"), ...args], {
    stdio: ["ignore", captured ? "pipe" : "inherit", "inherit"],
    env: {
      // By default wgpu may also choose OpenGL, which translates WGSL to GLSL and guarantees less.
      DENO_WEBGPU_BACKEND: "vulkan,metal,dx12",
      // Mesa warns if this is unset.
      XDG_RUNTIME_DIR: folder,
      ...process.env,
      DENO_NO_UPDATE_CHECK: "1",
    },
  });
  const status = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  const output = child.stdout ? text(child.stdout) : "";
  return { status: await status, output: await output };
}

async function findDeno(): Promise<{ command: readonly string[]; version: string }> {
  const reasons: string[] = [];
  for (const command of COMMANDS) {
    const [program, ...first] = command;
    try {
      const { stdout } = await promisify(execFile)(program, [...first, "--version"]);
      return { command, version: stdout.split(" ", 2).join(" ") };
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim() : String(error);
      reasons.push(`  ${command.join(" ")}: ${reason.split("\n", 5).join("\n    ")}`);
    }
  }
  throw new DenoError(
    `There is no Deno here: put \`deno\` on PATH, or let npx reach the npm registry.\n${reasons.join("\n")}`,
  );
}
