// `vite` serves the pages in bench/ and `vite build` builds them; `--mode library` builds the
// package.
import { chmod } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { defineConfig, type UserConfig } from "vite";
import { assemblyPlugin } from "./scripts/assembly-plugin.js";
import { shaderPlugin } from "./scripts/shader-plugin.js";
import { workerPlugin } from "./scripts/worker-plugin.js";
import { ISOLATION } from "./bench/browsers/isolation.js";
import { mnistPlugin } from "./scripts/mnist-plugin.js";

const root = import.meta.dirname;

const page: UserConfig = {
  root: join(root, "bench"),
  base: "./",
  appType: "mpa", // a missing file is a 404, not the page again
  plugins: [mnistPlugin(), assemblyPlugin(), shaderPlugin()],
  server: {
    headers: ISOLATION,
    fs: { allow: [root] },
    warmup: { clientFiles: [join(root, "src/engine/wasm/module.ts")] },
  },
  preview: { headers: ISOLATION },
  // tfjs sends the text of a function to its threads, which lack the helpers that a minifier relies on.
  worker: {
    format: "es",
    plugins: () => [assemblyPlugin(), shaderPlugin()],
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
 * The package in dist/: the library, its sub-paths and the command as modules that share what they need,
 * chunks that are loaded on demand (an engine when it is opened, statistics when they are asked for), and the
 * threads' worker.js beside them. A chunk that is loaded on demand has the name of its source file.
 */
const library: UserConfig = {
  plugins: [
    assemblyPlugin(),
    shaderPlugin(),
    workerPlugin(join(root, "src/engine/wasm/worker.js")),
    {
      name: "executable",
      writeBundle: ({ dir = "dist" }) => chmod(join(dir, "cli.js"), 0o755),
    },
  ],
  build: {
    outDir: join(root, "dist"),
    emptyOutDir: true,
    target: "es2023",
    minify: false,
    sourcemap: true,
    lib: {
      entry: {
        index: join(root, "src/index.ts"),
        "data/index": join(root, "src/data/index.ts"),
        "model/index": join(root, "src/model/index.ts"),
        cli: join(root, "src/cli/main.ts"),
      },
      formats: ["es"],
    },
    rolldownOptions: {
      external: [/^node:/],
      output: {
        chunkFileNames: ({ facadeModuleId: path }) => {
          if (!path) return "shared-[name]-[hash].js";
          const [, library] = path.split(`${sep}node_modules${sep}`);
          if (library) return `library-${library.split(sep)[0]}.js`;
          return `${relative(join(root, "src"), path).replace(/\.ts$/, "").replaceAll(sep, "-")}.js`;
        },
      },
    },
  },
};

export default defineConfig(({ mode }) => (mode === "library" ? library : page));
