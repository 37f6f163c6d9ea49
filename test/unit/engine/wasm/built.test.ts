/** Tests the published library in Node, and in pages that are isolated or not, under the strictest policy. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChrome, launchArguments } from "../../../../bench/browsers/chrome.js";
import { type Built, ISOLATED, buildLibrary, serveFolder } from "../../../support/built.js";
import {
  NO_WORKERS,
  abandon,
  levels,
  memoryOfFits,
  trainIn,
  trainInline,
} from "../../../support/lifecycle.js";

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
const NO_WASM = "default-src 'self'; script-src 'self'";

let built: Built;
beforeAll(async () => {
  built = await buildLibrary();
});
afterAll(() => built.remove());

describe("Node", () => {
  test("trains on all cores, and its process ends by itself", async () => {
    const { stdout, inTime } = await trainIn(built.folder, []);
    expect(inTime).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "wasm",
      adapter: expect.stringMatching(/^WebAssembly, .*SIMD, \d+ threads?$/),
    });
  });

  test("trains on threads in a script on the command line", async () => {
    const { stdout } = await trainInline(built.folder);
    expect(JSON.parse(stdout)).toMatchObject({
      adapter: expect.stringMatching(availableParallelism() > 1 ? / threads$/ : / 1 thread$/),
    });
  });

  test("trains on threads where a bundle left worker.js out", async () => {
    const bundle = await mkdtemp(join(tmpdir(), "smigh-bundle-"));
    try {
      await cp(built.folder, bundle, { recursive: true });
      await rm(join(bundle, "worker.js"));
      const { stdout, inTime } = await trainIn(bundle, []);
      expect(inTime).toBe(true);
      expect(JSON.parse(stdout)).toMatchObject({
        adapter: expect.stringMatching(availableParallelism() > 1 ? / threads$/ : / 1 thread$/),
        why: "engine is wasm",
      });
    } finally {
      await rm(bundle, { recursive: true });
    }
  });

  test("without permission for workers trains on the calling thread, and says why", async () => {
    const { stdout } = await trainIn(built.folder, NO_WORKERS);
    expect(JSON.parse(stdout)).toMatchObject({
      adapter: expect.stringMatching(/ 1 thread$/),
      why: expect.stringMatching(
        /^engine is wasm, and threads cannot be started from worker.js: Access .* restricted, nor from its text: /,
      ),
    });
  });

  test("ends though a trainer was dropped after its first report", async () => {
    expect(await abandon(built.folder)).toMatchObject({ stdout: "dropped\n", inTime: true });
  });

  test("has the memory of one large fit after many", async () => {
    const used = await memoryOfFits(built.folder, 4, 200);
    expect(levels(used), used.join(", ")).toBe(true);
  });
});

describe("a page", () => {
  let browser: Browser;
  beforeAll(async () => {
    const { path } = await findChrome();
    browser = await chromium.launch({ executablePath: path, args: launchArguments("swiftshader") });
  });
  afterAll(() => browser.close());

  /** What main.js reported in the page, served with these headers, and the page's errors and warnings. */
  async function visit(engine: string, headers: Readonly<Record<string, string>>, missing?: string) {
    const server = await serveFolder(built.folder, headers, missing);
    const page = await browser.newPage();
    try {
      const complaints: string[] = [];
      const warnings: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
        if (message.type() === "warning") warnings.push(message.text());
      });
      await page.goto(`${server.url}index.html?engine=${engine}`);
      await page.waitForSelector('body[data-state="ended"]', { timeout: 30_000 });
      return { ...JSON.parse(await page.innerText("body")), complaints, warnings };
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

  test("whose worker script is missing trains on all cores if its policy allows workers from blobs", async () => {
    const headers = { ...ISOLATED, "Content-Security-Policy": `${POLICY}; worker-src 'self' blob:` };
    const found = await visit("wasm", headers, "worker.js");
    expect(found).toMatchObject({ name: "wasm", why: "engine is wasm" });
    expect(found.adapter).toMatch(found.cores > 1 ? / threads$/ : / 1 thread$/);
    expect(found.rho).toBeLessThan(1);
  });

  test("that is not trains on one thread, in the page itself, and whatever else happens there goes on", async () => {
    const found = await visit("wasm", { "Content-Security-Policy": POLICY });
    expect(found).toMatchObject({
      name: "wasm",
      adapter: "WebAssembly, relaxed SIMD, 1 thread",
      why: "engine is wasm",
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
    expect(other).toMatchObject({
      name: "reference",
      why: expect.stringContaining("wasm is not available"),
      warnings: [
        expect.stringMatching(/^smigh: The reference engine trains, .* must have 'wasm-unsafe-eval'/),
      ],
    });
  });

  test.each([
    { where: "that asks for trusted types", policy: `${POLICY}; require-trusted-types-for 'script'` },
    { where: "that allows no workers", policy: `${POLICY}; worker-src 'none'` },
    { where: "whose worker script is missing", policy: POLICY, missing: "worker.js" },
  ])("$where trains on the calling thread, and says why", async ({ policy, missing }) => {
    const headers = { ...ISOLATED, "Content-Security-Policy": policy };
    const found = await visit("wasm", headers, missing);
    expect(found).toMatchObject({
      name: "wasm",
      adapter: "WebAssembly, relaxed SIMD, 1 thread",
      why: expect.stringMatching(/^engine is wasm, and threads cannot be started from worker.js: ./),
    });
    expect(found.rho).toBeLessThan(1);
  });
});
