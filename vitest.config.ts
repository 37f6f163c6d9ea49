/** Runs the tests in Node and in a browser with WebGPU. */
import { availableParallelism } from "node:os";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { ISOLATION } from "./bench/browsers/isolation.js";
import {
  findChrome,
  launchArguments,
  swiftShaderEnvironment,
  wantedAdapter,
} from "./bench/browsers/chrome.js";
import { assemblyPlugin } from "./scripts/assembly-plugin.js";
import { shaderPlugin } from "./scripts/shader-plugin.js";
import { ClosingLine } from "./test/closing-line.js";
import { LongestFirst } from "./test/sequencer.js";

const chrome = await findChrome();
// SwiftShader gives the same results everywhere; SMIGH_ADAPTER=hardware runs the tests on this machine's GPU.
const adapter = wantedAdapter("swiftshader");

/** SMIGH_LONG=1 adds the cases that are more of the same; `npm run test:long` sets it. */
const long = process.env["SMIGH_LONG"] === "1";

/**
 * Has Chrome zero workgroup memory by loops in the shader. Its default, a Vulkan extension, has SwiftShader
 * compile a store for every word: seconds for a kernel with 16 KiB of it.
 */
const ZEROS = "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension";

const args = [...launchArguments(adapter), ...(adapter === "swiftshader" ? [ZEROS] : [])];
/** Has Dawn in Node find the adapter that Chrome is launched with. */
const env = adapter === "swiftshader" ? await swiftShaderEnvironment(chrome) : {};
const launchOptions = { executablePath: chrome.path, args };

/** Milliseconds after which a test or hook is taken to hang. Kernels compile slowly on two busy cores. */
const LIMIT_MS = 240_000;
const limits = { testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS };

/** Makes `toEqual` fast on long arrays. */
const setupFiles = ["test/support/same-bits.ts"];

/** Workers of each project. Two pages keep two cores busy when the tests in Node have ended, one does not. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    reporters: ["default", new ClosingLine()],
    projects: [
      {
        plugins: [assemblyPlugin(), shaderPlugin()],
        test: {
          name: "node",
          ...limits,
          setupFiles,
          maxWorkers,
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.browser.test.ts"],
          env,
          provide: { long },
        },
      },
      {
        plugins: [assemblyPlugin(), shaderPlugin()],
        server: { headers: ISOLATION },
        test: {
          name: "browser",
          ...limits,
          setupFiles,
          maxWorkers,
          include: ["test/**/*.browser.test.ts"],
          provide: { adapter, long, seeds: process.env["SMIGH_SEEDS"] ?? (long ? "0..200" : "0..4") },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
