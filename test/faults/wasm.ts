/**
 * Faults of the CPU engines for `npm run test:faults`, each injected into the published library in `dist`.
 */
import { join } from "node:path";
import { type Browser, chromium } from "playwright";
import { findChrome, launchArguments } from "../../bench/browsers/chrome.js";
import { type Fit, timeFits } from "../../bench/studies/hidden-tab.js";
import { type Ended, ISOLATED, runScript, serveFolder } from "../support/built.js";
import {
  NO_WORKERS,
  abandon,
  levels,
  memoryOfFits,
  scriptOf,
  trainIn,
  trainInline,
} from "../support/lifecycle.js";
import type { Fault, Outcome } from "./fault.js";

const dist = join(import.meta.dirname, "../../dist");
const page = join(import.meta.dirname, "../support/page");

/** The outcome of a training in a process or a page: its engine, or the error it rejected with. */
interface Report {
  readonly name?: string;
  readonly error?: string;
}

function outcomeOf(report: Report | undefined): Outcome {
  if (!report) return "hang";
  if (report.name !== undefined) return "recovered";
  return report.error?.startsWith("DeviceError: ") ? "named" : "unclear";
}

function outcomeOfProcess({ stdout, stderr, inTime }: Ended): Outcome {
  if (!inTime) return "hang";
  return outcomeOf(stdout === "" ? { error: /^\w*Error: .*/m.exec(stderr)?.[0] } : JSON.parse(stdout));
}

/** Trains in Node. `before` runs after the library is imported. */
async function inNode(before: string): Promise<Outcome> {
  const script = scriptOf(
    dist,
    `${before}
    const x = Array.from({ length: 9000 }, (_, n) => [n % 7, n % 11]);
    const y = x.map(([a, b]) => (a > b ? "more" : "less"));
    const report = await train({ x, y }, { engine: "wasm", solver: "adam", epochs: 50 }).then(
      ({ engine }) => engine,
      (error) => ({ error: error.name + ": " + error.message }),
    );
    console.log(JSON.stringify(report));`,
  );
  return outcomeOfProcess(await runScript(script, [], 60));
}

const PATCH = `import { Worker } from "node:worker_threads";
  const { postMessage } = Worker.prototype;`;

async function inPage(policy: string, missing?: string): Promise<Outcome> {
  const { path } = await findChrome();
  const browser: Browser = await chromium.launch({
    executablePath: path,
    args: launchArguments("swiftshader"),
  });
  const server = await serveFolder([dist, page], { ...ISOLATED, "Content-Security-Policy": policy }, missing);
  try {
    const opened = await browser.newPage();
    await opened.goto(`${server.url}index.html?engine=wasm`);
    const ended = opened.waitForSelector('body[data-state="ended"]', { timeout: 60_000 });
    const report = await ended.then(
      () => opened.innerText("body").then((text): Report => JSON.parse(text)),
      () => undefined,
    );
    return outcomeOf(report);
  } finally {
    await browser.close();
    server.close();
  }
}

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

async function hidden(fit: Fit): Promise<Outcome> {
  const late = new Promise<Outcome>((resolve) => void setTimeout(resolve, 120_000, "hang").unref());
  const timed = timeFits([fit], 1).then(([{ visible, hidden }]): Outcome =>
    hidden < 5 + 5 * visible ? "recovered" : "hang",
  );
  return Promise.race([timed, late]);
}

/** Checks memory over many fits; `npm run test:long` runs 60 fits of 300 MB. */
export async function memoryStays(fits: number, megabytes: number): Promise<Outcome> {
  return levels(await memoryOfFits(dist, fits, megabytes)) ? "recovered" : "leak";
}

export const wasmFaults: readonly Fault[] = [
  { name: "12 fits of 300 MB in Node", item: 16, run: () => memoryStays(12, 300) },
  {
    name: "a trainer that is dropped after its first report",
    item: 16,
    run: async () => {
      const { stdout, inTime } = await abandon(dist);
      if (!inTime) return "leak";
      return stdout === "dropped\n" ? "recovered" : "unclear";
    },
  },
  ...(["wasm", "reference"] as const).flatMap((engine) =>
    (["lbfgs", "newton", "gd"] as const).map((solver) => ({
      name: `a hidden tab, ${engine} ${solver}`,
      item: 17,
      run: () => hidden({ engine, solver }),
    })),
  ),
  {
    name: "a thread that is terminated while it computes",
    item: 19,
    run: () =>
      inNode(
        `${PATCH}
        Worker.prototype.postMessage = function (message) {
          postMessage.call(this, message);
          if ("plan" in message) this.terminate();
        };`,
      ),
  },
  {
    name: "a thread that never answers",
    item: 19,
    run: () => inNode(`${PATCH} Worker.prototype.postMessage = () => {};`),
  },
  {
    name: "no permission for workers in Node",
    item: 20,
    run: async () => outcomeOfProcess(await trainIn(dist, NO_WORKERS)),
  },
  { name: "node --input-type=module", item: 20, run: async () => outcomeOfProcess(await trainInline(dist)) },
  {
    name: "a page that asks for trusted types",
    item: 20,
    run: () => inPage(`${POLICY}; require-trusted-types-for 'script'`),
  },
  { name: "a page that allows no workers", item: 20, run: () => inPage(`${POLICY}; worker-src 'none'`) },
  { name: "a worker script that is missing", item: 20, run: () => inPage(POLICY, "worker.js") },
];
