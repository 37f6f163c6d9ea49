/** Tests how Chrome and the WebGPU adapter are found. */
import { access, constants } from "node:fs/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { findChrome, launchArguments, wantedAdapter } from "../../bench/browsers/chrome.js";

afterEach(() => vi.unstubAllEnvs());

describe("findChrome", () => {
  test("takes CHROME_PATH before anything else", async () => {
    vi.stubEnv("CHROME_PATH", process.execPath);
    expect(await findChrome()).toEqual({ path: process.execPath, source: "CHROME_PATH" });
  });

  test("says which CHROME_PATH is no executable", async () => {
    vi.stubEnv("CHROME_PATH", "/nowhere/chrome");
    await expect(findChrome()).rejects.toMatchObject({
      name: "ChromeError",
      message: expect.stringMatching(/"\/nowhere\/chrome".*not an executable file/),
    });
  });

  test("takes the first of the usual places that is installed", async () => {
    vi.stubEnv("CHROME_PATH", "");
    const chrome = await findChrome(["/nowhere/chrome", import.meta.dirname, process.execPath]);
    expect(chrome).toEqual({ path: process.execPath, source: "installed" });
  });

  test.runIf(process.platform === "linux" && process.arch === "x64")(
    "falls back to the packaged Chromium, also when two ask at once",
    { timeout: 60_000 },
    async () => {
      vi.stubEnv("CHROME_PATH", "");
      const [first, second] = await Promise.all([findChrome([]), findChrome([])]);
      expect(second).toEqual(first);
      await access(first.path, constants.X_OK);
    },
  );
});

describe("the adapter", () => {
  test("is the default unless SMIGH_ADAPTER says otherwise", () => {
    vi.stubEnv("SMIGH_ADAPTER", "");
    expect(wantedAdapter("swiftshader")).toBe("swiftshader");
    vi.stubEnv("SMIGH_ADAPTER", "hardware");
    expect(wantedAdapter("swiftshader")).toBe("hardware");
    vi.stubEnv("SMIGH_ADAPTER", "llvmpipe");
    expect(() => wantedAdapter("swiftshader")).toThrow(/SMIGH_ADAPTER is "llvmpipe"/);
  });

  test("SwiftShader is asked for by name", () => {
    expect(launchArguments("swiftshader")).toContain("--use-webgpu-adapter=swiftshader");
    expect(launchArguments("hardware")).not.toContain("--use-webgpu-adapter=swiftshader");
  });
});
