// `vite` serves the pages in bench/ and `vite build` builds them; `--mode library` and `--mode cli` build the
// package.
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { defineConfig, type Plugin, type UserConfig } from "vite";
import { assemblyPlugin } from "./scripts/assembly-plugin.js";
import { workerPlugin } from "./scripts/worker-plugin.js";
import { ISOLATION } from "./bench/browsers/isolation.js";
import { mnistPlugin } from "./scripts/mnist-plugin.js";

const root = import.meta.dirname;

const page: UserConfig = {
  root: join(root, "bench"),
  base: "./",
  appType: "mpa", // a missing file is a 404, not the page again
  plugins: [mnistPlugin(), assemblyPlugin()],
  server: {
    headers: ISOLATION,
    fs: { allow: [root] },
    warmup: { clientFiles: [join(root, "src/engine/wasm/module.ts")] },
  },
  preview: { headers: ISOLATION },
  // tfjs sends the text of a function to its threads, which lack the helpers that a minifier relies on.
  worker: {
    format: "es",
    plugins: () => [assemblyPlugin()],
    rolldownOptions: { output: { minify: { compress: false } } },
  },
  build: {
    outDir: join(root, "dist", "page"),
    emptyOutDir: true,
    target: "es2023",
    rolldownOptions: { input: ["index.html", "bench.html"].map((page) => join(root, "bench", page)) },
    chunkSizeWarningLimit: 2000, // kB: the benchmark carries whole libraries
  },
};

/**
 * Bundles one entry of src/ into one self-contained module in dist/, with the threads' worker.js beside it.
 */
function bundle(entry: string, fileName: string, emptyOutDir: boolean, ...plugins: Plugin[]): UserConfig {
  return {
    plugins: [assemblyPlugin(), workerPlugin(join(root, "src/engine/wasm/worker.js")), ...plugins],
    build: {
      outDir: join(root, "dist"),
      emptyOutDir,
      target: "es2023",
      minify: false,
      lib: { entry: join(root, "src", entry), formats: ["es"], fileName },
      rolldownOptions: { external: [/^node:/] },
    },
  };
}

const executable: Plugin = {
  name: "executable",
  writeBundle: ({ dir = "dist" }) => chmod(join(dir, "cli.js"), 0o755),
};

export default defineConfig(({ mode }) => {
  if (mode === "library") return bundle("index.ts", "index", true);
  if (mode === "cli") return bundle("cli/main.ts", "cli", false, executable);
  return page;
});
