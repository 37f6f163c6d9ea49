/** What the published package loads on demand, in a page: the lists that `npm run check:size` counts. */
import { basename } from "node:path";
import { type Browser, chromium } from "playwright";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChrome, launchArguments } from "../../bench/browsers/chrome.js";
import { type Built, type Served, buildLibrary, serveFolder } from "../support/built.js";

/** The lists, from a file that is JavaScript since size-limit reads it. */
const config = new URL("../../.size-limit.js", import.meta.url).href;
const { LOADED }: { readonly LOADED: Readonly<Record<string, readonly string[]>> } = await import(config);

let built: Built;
let server: Served;
let browser: Browser;
beforeAll(async () => {
  built = await buildLibrary();
  server = await serveFolder(built.folder, {});
  const { path } = await findChrome();
  browser = await chromium.launch({ executablePath: path, args: launchArguments("swiftshader") });
});
afterAll(async () => {
  await browser.close();
  server.close();
  await built.remove();
});

/** Trains in a new page, and returns the modules that this loaded after those of the entry. */
async function loadedBy(solver: string): Promise<string[]> {
  const page = await browser.newPage();
  try {
    const contentType = "text/javascript";
    const body = 'self.smigh = await import("./index.js");';
    await page.route("**/main.js", (route) => route.fulfill({ contentType, body }));
    await page.goto(`${server.url}index.html`);
    await page.waitForFunction("self.smigh");
    const loaded: string[] = [];
    page.on("request", (request) => loaded.push(basename(new URL(request.url()).pathname)));
    const found = await page.evaluate(`(async () => {
      const x = Float32Array.from({ length: 400 * 200 }, (_, i) => Math.sin(i * i));
      const y = Array.from({ length: 400 }, (_, row) => row % 10);
      const options = { engine: "webgpu", solver: ${JSON.stringify(solver)} };
      const { engine, converged } = await self.smigh.train({ x, y, features: 200 }, options);
      return { engine: engine.name, converged };
    })()`);
    expect(found).toEqual({ engine: "webgpu", converged: solver === "lbfgs" });
    return loaded;
  } finally {
    await page.close();
  }
}

test.each(Object.keys(LOADED))("a training on WebGPU by %s loads what is counted", async (solver) => {
  const loaded = await loadedBy(solver);
  const onDemand = loaded.filter((name) => !name.startsWith("shared-"));
  expect(onDemand.toSorted()).toEqual(LOADED[solver].toSorted());
});
