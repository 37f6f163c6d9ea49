/** Runs the WebGPU faults in Chromium, from Node. */
import { join } from "node:path";
import { type Page, chromium } from "playwright";
import { findChrome, launchArguments } from "../../bench/browsers/chrome.js";
import { serve } from "../../bench/browsers/serve.js";
import type { Fault } from "./fault.js";

export interface Chromium {
  readonly version: string;
  readonly faults: readonly Fault[];
  close(): Promise<void>;
}

/** Opens a page with all WebGPU faults, on SwiftShader. The faults run in it one after another. */
export async function openChromium(): Promise<Chromium> {
  const { path } = await findChrome();
  const { server, url } = await serve();
  const browser = await chromium.launch({ executablePath: path, args: launchArguments("swiftshader") });
  const open = async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(300_000);
    await page.goto(new URL(`@fs${join(import.meta.dirname, "webgpu-page.html")}`, url).href);
    await page.waitForFunction(() => "faults" in window);
    return page;
  };
  let page: Page = await open();
  const listed = await page.evaluate(() => window.faults.map(({ name, item }) => ({ name, item })));
  const faults = listed.map(({ name, item }, n): Fault => {
    const run = async () => {
      if (page.isClosed()) page = await open();
      const crashed = new Promise<never>((_, reject) => {
        page.once("crash", () => {
          void page.close();
          reject(new Error("The page crashed."));
        });
      });
      return Promise.race([page.evaluate((number) => window.faults[number].run(), n), crashed]);
    };
    return { name, item, run };
  });
  return {
    version: browser.version(),
    faults,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}
