/** Opens a new page in a real browser for each test, and fails the test if the page reports errors. */
import { type Browser, type Page, chromium } from "playwright";
import type { ViteDevServer } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { findChrome, launchArguments, wantedAdapter } from "../../bench/browsers/chrome.js";

export interface Site {
  readonly server: ViteDevServer;
  readonly url: string;
}

export interface Visit {
  readonly site: Site;
  readonly browser: Browser;
  readonly page: Page;
  /** Errors that the page threw or logged. A test that expects some empties the list. */
  readonly complaints: string[];
}

/** Call it at the top of a test file. The result returns the visit of the running test. */
export function visits(serve: () => Promise<Site>): () => Visit {
  let site: Site;
  let browser: Browser;
  let visit: Visit;

  beforeAll(async () => {
    site = await serve();
    const { path } = await findChrome();
    const args = launchArguments(wantedAdapter("swiftshader"));
    browser = await chromium.launch({ executablePath: path, args });
  });

  afterAll(async () => {
    await browser.close();
    await site.server.close();
  });

  beforeEach(async () => {
    const page = await browser.newPage();
    visit = { site, browser, page, complaints: [] };
    page.setDefaultTimeout(90_000);
    page.on("pageerror", (error) => visit.complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") visit.complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await visit.page.close();
    const { complaints } = visit;
    if (complaints.length > 0) throw new Error(`The page complains: ${complaints.join("\n")}`);
  });

  return () => visit;
}
