/** Serves the benchmark's page and drives it in a headless Chrome. */
import { join } from "node:path";
import { type Browser, type Page, chromium } from "playwright";
import { type Plugin, type ViteDevServer, createServer } from "vite";
import type { GpuAndPeak } from "../measure/machine.js";
import { findChrome, launchArguments } from "./chrome.js";
import type { Measured } from "../measure/measure.js";
import type { Workload } from "../measure/workloads.js";

const root = join(import.meta.dirname, "../..");

export interface BenchBrowser {
  /** "chromium 147.0" */
  readonly version: string;
  gpuAndPeaks(): Promise<GpuAndPeak>;
  measure(
    workload: Workload,
    systems: readonly string[],
    report: (progress: string) => void,
  ): Promise<Measured>;
  close(): Promise<void>;
}

export async function openBenchBrowser(): Promise<BenchBrowser> {
  const chrome = await findChrome();
  const { server, url } = await serveBenchmark();
  try {
    const browser = await chromium.launch({ executablePath: chrome.path, args: launchArguments() });
    return {
      version: `${browser.browserType().name()} ${browser.version()}`,
      gpuAndPeaks: () =>
        inFreshPage(browser, url, (page) => page.evaluate(() => window.benchmark.gpuAndPeaks())),
      measure: (workload, systems, report) =>
        inFreshPage(browser, url, async (page) => {
          await page.exposeFunction("reportProgress", report);
          return page.evaluate(([name, names]) => window.benchmark.measure(name, names), [
            workload.name,
            systems,
          ] as const);
        }),
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

/** Serves the pages in bench/ on a free port of this machine; `url` is the benchmark's. */
export async function serveBenchmark(
  plugins: readonly Plugin[] = [],
): Promise<{ readonly server: ViteDevServer; readonly url: string }> {
  const server = await createServer({
    configFile: join(root, "vite.config.ts"),
    cacheDir: join(root, "node_modules", ".vite-bench"),
    plugins: [...plugins],
    logLevel: "warn",
    server: { host: "localhost", port: 0, hmr: false, watch: null },
    // Prebundles the peers' libraries before anything is timed.
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
  await server.listen();
  const home = server.resolvedUrls?.local[0];
  if (home) return { server, url: new URL("bench.html", home).href };
  await server.close();
  throw new Error("The page could not be served: the server has no address.");
}

/** Runs `work` in a fresh page, so that no workload is measured in memory that another one left behind. */
async function inFreshPage<T>(browser: Browser, url: string, work: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const broken = new Promise<never>((_, reject) => {
      page.once("crash", () => reject(new Error("The page crashed, probably out of memory.")));
    });
    await page.goto(url);
    await page.waitForFunction(() => window.benchmark !== undefined);
    return await Promise.race([work(page), broken]);
  } finally {
    await context.close();
  }
}
