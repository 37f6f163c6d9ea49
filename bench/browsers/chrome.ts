// Finds a Chrome that can run WebGPU and the flags to launch it with: an installed one if there is one, else
// the Chromium inside the npm package @sparticuz/chromium, so that `npm ci` alone is enough.
import { execFile } from "node:child_process";
import { constants, existsSync, readdirSync } from "node:fs";
import { access, mkdtemp, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, delimiter, dirname, join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

export interface Chrome {
  /** Path of an executable that accepts Chrome's command line. */
  path: string;
  /** Where it comes from, for display. */
  source: string;
}

/** SwiftShader is the software adapter that every Chrome carries; "hardware" is whatever GPU Chrome picks. */
export type Adapter = "swiftshader" | "hardware";

export class ChromeError extends Error {
  override name = "ChromeError";
}

/**
 * Finds `CHROME_PATH`, else the first Chrome in the usual places, else the packaged Chromium (Linux x64
 * only). Throws a ChromeError if there is none.
 */
export async function findChrome(places: string[] = usualPlaces()): Promise<Chrome> {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    if (await isInstalled(chosen)) return { path: chosen, source: "CHROME_PATH" };
    throw new ChromeError(
      `CHROME_PATH is ${JSON.stringify(chosen)}, which is not an executable file. ` +
        "Set it to the path of a Chrome or Chromium, or unset it to search the usual places.",
    );
  }
  for (const path of places) {
    if (await isInstalled(path)) return { path, source: "installed" };
  }
  if (process.platform === "linux" && process.arch === "x64") return packagedChromium();
  throw new ChromeError(
    `No Chrome or Chromium in the ${places.length} usual places, and the packaged Chromium runs only on ` +
      `Linux x64 (this is ${process.platform} ${process.arch}). Install Chrome, or set CHROME_PATH to one.`,
  );
}

/** `SMIGH_ADAPTER`, else `otherwise`: by default the GPU, but SwiftShader on a Linux machine without one. */
export function wantedAdapter(otherwise: Adapter = likelyAdapter()): Adapter {
  const wanted = process.env.SMIGH_ADAPTER;
  if (!wanted) return otherwise;
  if (wanted === "swiftshader" || wanted === "hardware") return wanted;
  throw new ChromeError(
    `SMIGH_ADAPTER is ${JSON.stringify(wanted)}. Set it to "swiftshader" or "hardware", or unset it.`,
  );
}

function likelyAdapter(): Adapter {
  if (process.platform !== "linux") return "hardware";
  const devices = existsSync("/dev/dri") ? readdirSync("/dev/dri") : [];
  return devices.some((name) => name.startsWith("renderD")) ? "hardware" : "swiftshader";
}

/** The flags that WebGPU on `adapter` needs. Playwright's own already disable the sandbox and /dev/shm. */
export function launchArguments(adapter: Adapter = wantedAdapter()): string[] {
  const flags = ["--enable-unsafe-webgpu", "--disable-quic", "--disable-sync"];
  if (adapter === "swiftshader") return [...flags, "--use-webgpu-adapter=swiftshader"];
  if (process.platform !== "linux") return flags;
  // Without a display Chrome on Linux reaches the GPU only through Vulkan.
  return [...flags, "--enable-features=Vulkan", "--use-angle=vulkan", "--disable-vulkan-surface"];
}

/**
 * The environment in which Vulkan's loader finds nothing but the SwiftShader beside that Chrome, and Dawn the
 * loader beside it. Empty where there is none, as on macOS and Windows, where Dawn needs no Vulkan.
 */
export async function swiftShaderEnvironment({ path }: Chrome): Promise<Readonly<Record<string, string>>> {
  const folder = dirname(await realpath(path));
  const driver = join(folder, "vk_swiftshader_icd.json");
  if (!existsSync(driver)) return {};
  return { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: folder };
}

async function isInstalled(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    // A Chromium from a snap can read neither the profile folder nor the files passed to it.
    return (await stat(path)).isFile() && basename(await realpath(path)) !== "snap";
  } catch {
    return false;
  }
}

function usualPlaces(): string[] {
  const { env } = process;
  if (process.platform === "darwin") {
    const bundles = ["Google Chrome", "Chromium", "Google Chrome Canary", "Microsoft Edge"];
    return ["/Applications", join(env.HOME ?? "", "Applications")].flatMap((folder) =>
      bundles.map((name) => join(folder, `${name}.app`, "Contents", "MacOS", name)),
    );
  }
  if (process.platform === "win32") {
    const folders = [env.PROGRAMFILES, env["PROGRAMFILES(X86)"], env.LOCALAPPDATA];
    const programs = ["Google\\Chrome\\Application\\chrome.exe", "Chromium\\Application\\chrome.exe"];
    return [...programs, "Microsoft\\Edge\\Application\\msedge.exe"].flatMap((program) =>
      folders.flatMap((folder) => (folder ? [join(folder, program)] : [])),
    );
  }
  // Not `chromium-browser`: on Ubuntu it is a script that only says to install the snap.
  const names = ["google-chrome-stable", "google-chrome", "chromium", "google-chrome-beta"];
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  return [
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
    "/opt/google/chrome/chrome",
  ];
}

/** Unpacks @sparticuz/chromium once, inside its own folder. Its launcher needs no system libraries. */
async function packagedChromium(): Promise<Chrome> {
  const folder = join(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")), "..", "..");
  const home = join(folder, "unpacked");
  const chrome = { path: join(home, "launch"), source: "npm package @sparticuz/chromium" };
  if (await isInstalled(chrome.path)) return chrome;

  try {
    // Several processes may do this at once: each unpacks its own copy, and the first to rename wins.
    const unpacking = await mkdtemp(join(folder, "unpacking-"));
    await unpack(unpacking);
    await writeFile(join(unpacking, "fonts.conf"), fontsConfiguration);
    await writeFile(join(unpacking, "launch"), launcher, { mode: 0o755 });
    await rename(unpacking, home).catch(async (error: unknown) => {
      await rm(unpacking, { recursive: true });
      if (!(await isInstalled(chrome.path))) throw error;
    });
  } catch (cause) {
    throw new ChromeError(
      `@sparticuz/chromium could not be unpacked inside ${folder}. Install Chrome, or set CHROME_PATH to one.`,
      { cause },
    );
  }
  return chrome;
}

/** Unpacks into `folder`. The package uses TMPDIR, and adds its libraries only if it thinks it is on AWS. */
async function unpack(folder: string): Promise<void> {
  const script = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: folder, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" },
  });
}

// A bare container lacks nss, nspr, expat and fonts; the package has them, but its fonts.conf points to /tmp.
const launcher = `#!/bin/sh
here="\${0%/*}"
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
`;

const fontsConfiguration = `<?xml version="1.0"?>
<fontconfig>
  <dir prefix="relative">fonts/fonts</dir>
</fontconfig>
`;
