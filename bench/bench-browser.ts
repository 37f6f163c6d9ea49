/** The benchmark's page in a headless Chrome, served from here. */
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { createServer } from "vite";
import { findChrome, launchArguments } from "./chrome.js";
import type { Measured } from "./measure.js";
import type { Workload } from "./workloads.js";

const root = join(import.meta.dirname, "..");

export interface BenchBrowser {
  /** "chromium 147.0" */
  readonly version: string;
  measure(
    workload: Workload,
    systems: readonly string[],
    report: (progress: string) => void,
  ): Promise<Measured>;
  close(): Promise<void>;
}

export async function openBenchBrowser(): Promise<BenchBrowser> {
  const chrome = await findChrome();
  const server = await createServer({
    configFile: join(root, "vite.config.ts"),
    cacheDir: join(root, "node_modules", ".vite-bench"),
    logLevel: "warn",
    server: { host: "localhost", port: 0, hmr: false, watch: null },
    // The peers' libraries are prepared before anything is timed.
    optimizeDeps: {
      noDiscovery: true,
      include: [
        "@jax-js/jax",
        "@tensorflow/tfjs",
        "@tensorflow/tfjs-backend-wasm",
        "@tensorflow/tfjs-backend-webgpu",
      ],
    },
  });
  try {
    await server.listen();
    const url = new URL("bench.html", server.resolvedUrls?.local[0]).href;
    const browser = await chromium.launch({ executablePath: chrome.path, args: launchArguments() });
    return {
      version: `${browser.browserType().name()} ${browser.version()}`,
      measure: (workload, systems, report) => measureInPage(browser, url, workload, systems, report),
      async close() {
        await browser.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** In a fresh page, so that no workload is measured in the memory that another one left. */
async function measureInPage(
  browser: Browser,
  url: string,
  workload: Workload,
  systems: readonly string[],
  report: (progress: string) => void,
): Promise<Measured> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const crashed = new Promise<never>((_, reject) => {
      page.once("crash", () => reject(new Error("The page crashed, probably out of memory.")));
    });
    await page.exposeFunction("reportProgress", report);
    await page.goto(url);
    await page.waitForFunction(() => window.measureByName !== undefined);
    const measured = page.evaluate(
      ([name, names]) => {
        if (!window.measureByName) throw new Error("This page is not the benchmark's.");
        return window.measureByName(name, names);
      },
      [workload.name, systems] as const,
    );
    return await Promise.race([measured, crashed]);
  } finally {
    await context.close();
  }
}
