/** The library as it is published: in Node, and in pages that are isolated or not, under the strictest policy. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { build } from "vite";
import { findChrome, launchArguments } from "../../../bench/chrome.js";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const NO_WASM = "default-src 'self'; script-src 'self'";
const BASE = "/lib/";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smigh-built-"));
  await build({
    configFile: join(import.meta.dirname, "../../../vite.config.ts"),
    mode: "library",
    logLevel: "silent",
    build: { outDir: folder },
  });
  await cp(join(import.meta.dirname, "page"), folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

test("Node trains on all cores, and its process ends by itself", async () => {
  const library = pathToFileURL(join(folder, "index.js")).href;
  const script = `
    import { train } from ${JSON.stringify(library)};
    const model = await train({ x: [[0], [1]], y: ["a", "b"] });
    console.log(JSON.stringify(model.engine));
  `;
  const words = ["--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 30_000 });
  expect(JSON.parse(stdout)).toMatchObject({
    name: "wasm",
    adapter: expect.stringMatching(/^WebAssembly, .*SIMD, \d+ threads?$/),
  });
});

describe("a page", () => {
  let browser: Browser;
  beforeAll(async () => {
    const { path } = await findChrome();
    browser = await chromium.launch({ executablePath: path, args: launchArguments("swiftshader") });
  });
  afterAll(() => browser.close());

  /** What main.js said in the page, served with these headers, and what the page complained of. */
  async function visit(engine: string, headers: Readonly<Record<string, string>>) {
    const server = await serve(headers);
    const page = await browser.newPage();
    try {
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      const address = server.address();
      if (typeof address !== "object" || !address) throw new Error("The page could not be served.");
      await page.goto(`http://localhost:${address.port}${BASE}index.html?engine=${engine}`);
      await page.waitForSelector('body[data-state="ended"]', { timeout: 30_000 });
      return { ...JSON.parse(await page.innerText("body")), complaints };
    } finally {
      await page.close();
      server.close();
    }
  }

  test("that is isolated trains on all cores under a policy that lets it compile WebAssembly", async () => {
    const found = await visit("wasm", { ...ISOLATED, "Content-Security-Policy": POLICY });
    expect(found).toMatchObject({ name: "wasm", crossOriginIsolated: true, complaints: [] });
    const threads = Math.min(16, found.cores);
    expect(found.adapter).toBe(
      `WebAssembly, relaxed SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    );
    expect(found.rho).toBeLessThan(1);
  });

  test("that is not trains on one thread, in the page itself, and whatever else happens there goes on", async () => {
    const found = await visit("wasm", { "Content-Security-Policy": POLICY });
    expect(found).toMatchObject({
      name: "wasm",
      adapter: "WebAssembly, relaxed SIMD, 1 thread",
      crossOriginIsolated: false,
      complaints: [],
    });
    expect(found.rho).toBeLessThan(1);
    expect(found.ticks).toBeGreaterThan(5 + found.milliseconds / 100);
  });

  test("that may not compile WebAssembly is told which policy it needs, and auto is the reference", async () => {
    const refused = await visit("wasm", { ...ISOLATED, "Content-Security-Policy": NO_WASM });
    expect(refused.error).toMatch(/^DeviceError: .*Content-Security-Policy .*'wasm-unsafe-eval'/);
    const other = await visit("auto", { ...ISOLATED, "Content-Security-Policy": NO_WASM });
    expect(other).toMatchObject({ name: "reference", why: expect.stringContaining("wasm is not available") });
  });
});

/** The folder, on a free port of this machine, below another as most sites have it. */
async function serve(headers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    try {
      const body = await readFile(join(folder, pathname.slice(BASE.length)));
      response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(pathname)] ?? "text/plain" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}
