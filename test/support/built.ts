/** Builds the library as it is published, runs it in Node, and serves it to pages. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { build } from "vite";

const root = join(import.meta.dirname, "../..");

export const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const BASE = "/lib/";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

export interface Built {
  readonly folder: string;
  remove(): Promise<void>;
}

/** Builds the library into a temporary folder, beside a page that trains with it. */
export async function buildLibrary(): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), "smigh-built-"));
  await build({
    configFile: join(root, "vite.config.ts"),
    mode: "library",
    logLevel: "silent",
    build: { outDir: folder },
  });
  await cp(join(root, "test/support/page"), folder, { recursive: true });
  return { folder, remove: () => rm(folder, { recursive: true }) };
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the process ended by itself within the time limit. */
  readonly inTime: boolean;
  /** The exit status. Undefined where a signal ended the process. */
  readonly exit: number | undefined;
}

/** Runs a module in a new Node process. */
export async function runScript(script: string, flags: readonly string[], seconds: number): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), "smigh-script-"));
  try {
    const file = join(folder, "script.mjs");
    await writeFile(file, script);
    return await runNode([...flags, file], seconds);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs Node in a new process. */
export async function runNode(words: readonly string[], seconds: number): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { timeout: 1000 * seconds, killSignal: "SIGKILL" } as const;
    const child = execFile(process.execPath, words, options, (error, stdout, stderr) => {
      resolve({ stdout, stderr, inTime: error?.killed !== true, exit: child.exitCode ?? undefined });
    });
  });
}

export interface Served {
  /** Ends with a slash. */
  readonly url: string;
  close(): void;
}

async function readFirst(folders: readonly string[], name: string): Promise<Buffer> {
  const found = await Promise.all(
    folders.map((folder) => readFile(join(folder, name)).catch(() => undefined)),
  );
  const body = found.find((bytes) => bytes !== undefined);
  if (!body) throw new Error(`There is no ${name}.`);
  return body;
}

/**
 * Serves the folders on a free port of localhost, below a base path as on most sites. Leaves out the file
 * `missing`.
 */
export async function serveFolder(
  folders: string | readonly string[],
  headers: Readonly<Record<string, string>>,
  missing?: string,
): Promise<Served> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const name = pathname.slice(BASE.length);
    try {
      if (name === missing) throw new Error("left out");
      const body = await readFirst([folders].flat(), name);
      response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(name)] ?? "text/plain" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("The page could not be served.");
  return { url: `http://localhost:${address.port}${BASE}`, close: () => void server.close() };
}
