/**
 * Drives a tab that can really be hidden, by minimising its window. It speaks the DevTools protocol directly,
 * because Playwright makes every page believe that it has the focus.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findChrome, launchArguments, wantedAdapter } from "./chrome.js";

export class Tab {
  readonly #browser: ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, { resolve(reply: Reply): void; reject(error: Error): void }>();
  #session: string | undefined;
  #target = "";
  #messages = 0;

  private constructor(browser: ChildProcess, profile: string) {
    this.#browser = browser;
    this.#profile = profile;
    browser.once("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Chrome ended."));
    });
    let text = "";
    browser.stdio[4]?.on("data", (bytes: Buffer) => {
      const messages = (text + bytes.toString()).split("\0");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const reply: Reply = JSON.parse(message);
        this.#waiting.get(reply.id)?.resolve(reply);
        this.#waiting.delete(reply.id);
      }
    });
  }

  /** Opens the address in its own headless Chrome. `args` are additional flags. */
  static async open(url: string, args: readonly string[] = []): Promise<Tab> {
    const { path } = await findChrome();
    const profile = await mkdtemp(join(tmpdir(), "smigh-tab-"));
    const flags = ["--headless", "--no-sandbox", "--disable-dev-shm-usage", "--remote-debugging-pipe"];
    const words = [
      ...flags,
      `--user-data-dir=${profile}`,
      ...launchArguments(wantedAdapter("swiftshader")),
      ...args,
    ];
    const browser = spawn(path, words, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const tab = new Tab(browser, profile);
    tab.#target = (await tab.#send("Target.createTarget", { url })).targetId;
    const attached = await tab.#send("Target.attachToTarget", { targetId: tab.#target, flatten: true });
    tab.#session = attached.sessionId;
    return tab;
  }

  /** Evaluates an expression in the page, awaiting a promise. Throws what the expression throws. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#send("Runtime.evaluate", options, this.#session);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression in the page is true. */
  async until(expression: string): Promise<void> {
    // While a page loads, the expression may run in the document before it and fail when that one is gone.
    while ((await this.evaluate(expression).catch(() => false)) !== true)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }

  /** Minimises the window, or restores it. */
  async setHidden(hidden: boolean): Promise<void> {
    const { windowId } = await this.#send("Browser.getWindowForTarget", { targetId: this.#target });
    const windowState = hidden ? "minimized" : "normal";
    await this.#send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
    await this.until(`document.visibilityState === "${hidden ? "hidden" : "visible"}"`);
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.#browser.once("exit", resolve));
    this.#browser.kill("SIGKILL");
    await exited;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #send(method: string, params: object, sessionId?: string): Promise<Reply["result"]> {
    const id = ++this.#messages;
    const [, , , to] = this.#browser.stdio;
    if (!to || !("write" in to)) throw new Error("Chrome has no pipe.");
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
    if (reply.error) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result;
  }
}

interface Reply {
  readonly id: number;
  readonly error?: { readonly message: string };
  readonly result: {
    readonly targetId: string;
    readonly sessionId: string;
    readonly windowId: number;
    readonly result: { readonly value: unknown };
    readonly exceptionDetails?: {
      readonly text: string;
      readonly exception?: { readonly description?: string };
    };
  };
}
