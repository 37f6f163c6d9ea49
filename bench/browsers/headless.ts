/** Opens the training page in a headless Chrome and listens to its reports. */
import { type Browser, type Page, chromium } from "playwright";
import { type Adapter, type Chrome, findChrome, launchArguments, wantedAdapter } from "./chrome.js";
import type { DriverReport, Summary } from "../page/train/protocol.js";

export interface HeadlessTraining {
  readonly summary: Summary;
  /** The model, as JSON. */
  readonly file: string;
}

interface Listener {
  /** Reports the Chrome that is launched, and the adapter that is requested. */
  onChrome(chrome: Chrome, adapter: Adapter): void;
  onReport(report: DriverReport): void;
}

/** The page failed; `name` is the name of its error. */
class PageError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * Trains in the page at the address for the adapter. Falls back to SwiftShader if the address asks for
 * WebGPU, Chrome cannot use the GPU, and SMIGH_ADAPTER is unset.
 */
export async function trainHeadless(
  addressOf: (adapter: Adapter) => string,
  listener: Listener,
  signal: AbortSignal,
): Promise<HeadlessTraining> {
  const chrome = await findChrome();
  const adapter = wantedAdapter();
  const onWebGpu = new URL(addressOf(adapter)).searchParams.get("engine") === "webgpu";
  const mayFail = onWebGpu && adapter === "hardware" && !process.env["SMIGH_ADAPTER"];
  const trained = await attempt(addressOf(adapter), chrome, adapter, mayFail, listener, signal);
  if (trained) return trained;
  const software = await attempt(addressOf("swiftshader"), chrome, "swiftshader", false, listener, signal);
  if (software) return software;
  throw new Error("The page ended without a result.");
}

/** Trains once. Undefined when the adapter is missing and `mayFail` allows another one to be tried. */
async function attempt(
  url: string,
  chrome: Chrome,
  adapter: Adapter,
  mayFail: boolean,
  listener: Listener,
  signal: AbortSignal,
): Promise<HeadlessTraining | undefined> {
  signal.throwIfAborted();
  listener.onChrome(chrome, adapter);
  const browser = await launch(chrome, adapter);
  const close = () => void browser.close();
  signal.addEventListener("abort", close);
  try {
    const page = await browser.newPage();
    return await new Promise<HeadlessTraining | undefined>((resolve, reject) => {
      page.once("crash", () => reject(new Error("The page crashed, probably out of memory.")));
      page.once("pageerror", reject);
      browser.once("disconnected", () => reject(new Error("Chrome ended before the training did.")));
      open(page, url, (report) => {
        listener.onReport(report);
        if (report.kind === "ready" && "missing" in report.webgpu && mayFail) resolve(undefined);
        if (report.kind === "failed") reject(new PageError(report.failure.name, report.failure.message));
        if (report.kind === "ended") resolve({ summary: report.summary, file: report.file });
      }).catch(reject);
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
    await browser.close();
  }
}

async function launch({ path, source }: Chrome, adapter: Adapter): Promise<Browser> {
  try {
    return await chromium.launch({
      executablePath: path,
      args: launchArguments(adapter),
      handleSIGINT: false,
      handleSIGTERM: false,
    });
  } catch (cause) {
    const [reason] = String(cause instanceof Error ? cause.message : cause).split("\n");
    throw new Error(`Chrome (${path}, ${source}) does not start: ${reason}`, { cause });
  }
}

async function open(page: Page, url: string, report: (report: DriverReport) => void): Promise<void> {
  await page.exposeFunction("reportToDriver", report);
  await page.goto(url);
}
