/** Finds an installed Firefox and opens a page in it, with WebGPU. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

const COMMANDS = ["firefox", "firefox-esr", "firefox-nightly"];
const BUNDLES = [
  "/Applications/Firefox.app/Contents/MacOS/firefox",
  "C:\\Program Files\\Mozilla Firefox\\firefox.exe",
];

/** WebGPU also where it is not released yet, or the driver is not on Firefox's list; no first-run pages. */
const PREFERENCES = {
  "dom.webgpu.enabled": true,
  "gfx.webgpu.ignore-blocklist": true,
  "browser.shell.checkDefaultBrowser": false,
  "browser.aboutwelcome.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "app.normandy.enabled": false,
};

export class FirefoxError extends Error {
  override name = "FirefoxError";
}

interface Firefox {
  readonly path: string;
  /** "Mozilla Firefox 153.0" */
  readonly version: string;
}

/** Finds `FIREFOX_PATH`, else the first Firefox that is installed. */
export async function findFirefox(): Promise<Firefox> {
  const chosen = process.env["FIREFOX_PATH"];
  const places = chosen ? [chosen] : [...COMMANDS, ...BUNDLES];
  for (const path of places) {
    const said = await promisify(execFile)(path, ["--version"]).catch(() => undefined);
    if (said) return { path, version: said.stdout.trim() };
  }
  throw new FirefoxError(
    `There is no Firefox: ${places.join(", ")} cannot be run. Install one, or set FIREFOX_PATH to it.`,
  );
}

export interface OpenFirefox {
  readonly version: string;
  /** Resolves when Firefox ends, whoever ended it. */
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** Opens the address in a headless Firefox with a profile of its own. */
export async function openFirefox(url: string): Promise<OpenFirefox> {
  const { path, version } = await findFirefox();
  const profile = await mkdtemp(join(tmpdir(), "smigh-firefox-"));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  await writeFile(join(profile, "user.js"), lines.join("\n"));
  const firefox = spawn(path, ["--headless", "--no-remote", "--profile", profile, url], {
    stdio: "ignore",
    // A group of its own on POSIX, so that its content processes can be ended with it.
    detached: process.platform !== "win32",
  });
  const ended = once(firefox, "exit");
  return {
    version,
    ended,
    async close() {
      const { pid } = firefox;
      if (firefox.exitCode === null && firefox.signalCode === null && pid !== undefined) {
        if (process.platform === "win32") firefox.kill("SIGKILL");
        else process.kill(-pid, "SIGKILL");
        await ended;
      }
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
