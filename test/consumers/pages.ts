/** Opens pages in a headless Chrome, on its software adapter, and reads their reports. */
import { type Browser, chromium } from "playwright";
import { findChrome, launchArguments } from "../../bench/browsers/chrome.js";
import type { Report } from "./report.js";

/** Milliseconds that a page may take to show its report. */
const LIMIT_MS = 60_000;

export async function openChrome(): Promise<Browser> {
  const { path } = await findChrome();
  return chromium.launch({ executablePath: path, args: launchArguments("swiftshader") });
}

/** Opens the page and returns its report. Throws if it shows none in time. */
export async function visit(browser: Browser, url: string): Promise<Report> {
  const page = await browser.newPage();
  try {
    const said: string[] = [];
    page.on("pageerror", ({ message }) => said.push(message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) said.push(message.text());
    });
    await page.goto(url);
    await page.waitForSelector('body[data-state="ended"]', { timeout: LIMIT_MS }).catch((error: unknown) => {
      throw new Error([String(error), ...said].join("\n"));
    });
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    return { cores, trained: JSON.parse(await page.innerText("body")), said };
  } finally {
    await page.close();
  }
}
