/** Serves the pages in bench/, opens one in a browser, and waits for what it posts. */
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { chromium } from "playwright";
import type { Plugin } from "vite";
import { serveBenchmark } from "./benchmark.js";
import { type Adapter, findChrome, launchArguments } from "./chrome.js";
import { openFirefox } from "./firefox.js";
import { POST_PATH, type Posted } from "./post.js";

const root = join(import.meta.dirname, "../..");

export const BROWSERS = ["chrome", "firefox"] as const;
export type BrowserName = (typeof BROWSERS)[number];

export interface Visited {
  /** "chromium 156.0", "Mozilla Firefox 153.0" */
  readonly browser: string;
  /** The result that the page posted at the end. */
  readonly result: unknown;
}

/** The browser, open at a page. */
interface OpenBrowser {
  readonly version: string;
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** The address of a file of this project on the server of `visit`. */
export function addressOf(path: string): string {
  return `/@fs/${join(root, path).replace(/^\//, "")}`;
}

/**
 * Opens a page in a browser, on a free port of this machine.
 *
 * @param page - path of the page in bench/, with its query
 * @param seconds - time limit for the page
 * @param adapter - Chrome's adapter. Default: SMIGH_ADAPTER, or the likely one
 * @returns what the page posted. Rejects with the page's error, when the browser ends, or at the limit.
 */
export async function visit(
  name: BrowserName,
  page: string,
  seconds: number,
  report: (progress: string) => void,
  adapter?: Adapter,
): Promise<Visited> {
  let hear: (posted: Posted) => void = () => {};
  const posts: Plugin = {
    name: "posts",
    configureServer({ middlewares }) {
      middlewares.use(POST_PATH, (request, response) => {
        void json(request)
          .then((posted) => hear(posted as Posted))
          .finally(() => response.end());
      });
    },
  };
  const { server, url } = await serveBenchmark([posts]);
  let timer: NodeJS.Timeout | undefined;
  try {
    const posted = new Promise<unknown>((resolve, reject) => {
      hear = (posted) => {
        if (posted.kind === "progress") report(posted.text);
        else if (posted.kind === "done") resolve(posted.result);
        else reject(new Error(posted.message));
      };
      timer = setTimeout(() => reject(new Error(`The page took more than ${seconds} s.`)), 1000 * seconds);
    });
    const { href } = new URL(page, url);
    const browser = await (name === "firefox" ? openFirefox(href) : openChrome(href, adapter));
    const ended = browser.ended.then(() => {
      throw new Error(`${browser.version} ended before its page did.`);
    });
    try {
      return { browser: browser.version, result: await Promise.race([posted, ended]) };
    } finally {
      await browser.close();
      ended.catch(() => {}); // it ends now, as it should
    }
  } finally {
    clearTimeout(timer);
    await server.close();
  }
}

async function openChrome(url: string, adapter?: Adapter): Promise<OpenBrowser> {
  const { path } = await findChrome();
  const browser = await chromium.launch({ executablePath: path, args: launchArguments(adapter) });
  const page = await browser.newPage();
  const ended = new Promise((resolve) => {
    page.once("crash", resolve);
    browser.once("disconnected", resolve);
  });
  await page.goto(url);
  return {
    version: `${browser.browserType().name()} ${browser.version()}`,
    ended,
    close: () => browser.close(),
  };
}
