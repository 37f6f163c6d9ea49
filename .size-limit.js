/**
 * The most that parts of the package may take, bundled, minified and gzipped. A bundler makes chunks of what
 * is imported on demand; each check counts those that it loads. test/package/loads.test.ts holds the lists.
 */
import { basename } from "node:path";

/** The chunks that trainings on WebGPU load on demand. */
export const LOADED = {
  lbfgs: [
    "train-optimise.js",
    "engine-webgpu-engine.js",
    "engine-webgpu-objective-objective.js",
    "engine-webgpu-kernels-objective-kernels.js",
    "engine-webgpu-kernels-product-kernels.js",
  ],
  adam: [
    "train-first-order.js",
    "engine-webgpu-engine.js",
    "engine-webgpu-descent-descent.js",
    "engine-webgpu-kernels-fused-kernels.js",
    "engine-webgpu-kernels-update-kernels.js",
  ],
};

/** The chunks that reading a table of text loads on demand. */
const READ = ["data-readers-csv.js", "library-papaparse.js", "data-readers-paths.js"];

/** Bundles with splitting, without the chunks that are loaded on demand but not listed. */
const loading = (chunks) => (config) => ({
  ...config,
  format: "esm",
  splitting: true,
  plugins: [
    {
      name: "on-demand",
      setup({ onResolve }) {
        onResolve({ filter: /^\./ }, ({ kind, path }) =>
          kind === "dynamic-import" && !chunks.includes(basename(path))
            ? { path, external: true }
            : undefined,
        );
      },
    },
  ],
});

const check = (name, path, names, chunks, limit) => ({
  name,
  path,
  import: names,
  limit,
  gzip: true,
  modifyEsbuildConfig: loading(chunks),
});

export default [
  check("train on WebGPU by lbfgs", "dist/index.js", "{ train }", LOADED.lbfgs, "64.6 kB"),
  check("train on WebGPU by adam", "dist/index.js", "{ train }", LOADED.adam, "49.6 kB"),
  check("read a table of text", "dist/data/index.js", "{ read }", READ, "19.5 kB"),
  check("predict", "dist/model/index.js", "{ loadModel }", [], "10.6 kB"),
];
