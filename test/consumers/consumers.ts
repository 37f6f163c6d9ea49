/** The matrix: bundlers, pages, runtimes and compilers that the package must be at home in, a row each. */
import {
  esbuildFile,
  esbuildModules,
  mapped,
  mappedElsewhere,
  rollup,
  viteBuild,
  viteBuildModuleWorkers,
  viteServe,
  webpack,
} from "./bundlers.js";
import type { Consumer } from "./consumer.js";
import { page, program, types } from "./kinds.js";
import { asItIs, bun, bundled, compiledByBun, deno, node, otherNode } from "./programs.js";

const VITE_6 = "vite@6.4.6";
const VITE_7 = "vite@7.3.8";
const VITE_8 = "vite@8.4.0";
const WEBPACK = ["webpack@5.113.0", "webpack-cli@7.3.1"];
const ESBUILD = "esbuild@0.28.2";
const NODE_26 = "node@26.10.0";
const BUN = "bun@1.4.5";
/** What gives Node and Bun WebGPU. */
const WEBGPU = "webgpu@0.6.2";

/** A Content-Security-Policy as strict as the package allows. */
const STRICT = "default-src 'self'; img-src data:; script-src 'self' 'wasm-unsafe-eval'";

/** The script of a page whose own module worker trains. */
const WORKER = { script: "worker-page.js" };

export const CONSUMERS: readonly Consumer[] = [
  page("vite6", [VITE_6], viteBuild),
  page("vite6-dev", [VITE_6], viteServe),
  page("vite7", [VITE_7], viteBuild),
  page("vite7-dev", [VITE_7], viteServe),
  page("vite8", [VITE_8], viteBuild),
  page("vite8-dev", [VITE_8], viteServe),
  page("webpack", WEBPACK, webpack),
  page("rollup", ["rollup@4.68.8", "@rollup/plugin-node-resolve@16.0.3"], rollup),
  page("esbuild", [ESBUILD], esbuildModules),
  page("esbuild-iife", [ESBUILD], esbuildFile),
  page("import-map", [], mapped),
  page("import-map-cdn", [], mappedElsewhere),
  // A module worker of the page's own trains.
  page("own-worker-vite6", [VITE_6], viteBuildModuleWorkers, WORKER),
  page("own-worker-vite7", [VITE_7], viteBuildModuleWorkers, WORKER),
  page("own-worker-vite8", [VITE_8], viteBuild, WORKER),
  page("own-worker-vite8-dev", [VITE_8], viteServe, WORKER),
  page("own-worker-webpack", WEBPACK, webpack, WORKER),
  // Vite leaves worker.js beside the bundle, and esbuild does not.
  page("policy", [VITE_8], viteBuild, { policy: STRICT }),
  page("policy-blob", [ESBUILD], esbuildModules, { policy: `${STRICT}; worker-src 'self' blob:` }),
  page("policy-no-blob", [ESBUILD], esbuildModules, { policy: STRICT, threads: false }),
  program("node", [WEBGPU], asItIs(node, "program.js")),
  program("node-require", [WEBGPU], asItIs(node, "program.cjs")),
  program("node-bundle", [WEBGPU, ESBUILD], bundled(node, "esm")),
  program("node-bundle-cjs", [WEBGPU, ESBUILD], bundled(node, "cjs")),
  program("node26", [NODE_26, WEBGPU], asItIs(otherNode, "program.js")),
  program("node26-require", [NODE_26, WEBGPU], asItIs(otherNode, "program.cjs")),
  program("node26-bundle", [NODE_26, WEBGPU, ESBUILD], bundled(otherNode, "esm")),
  program("node26-bundle-cjs", [NODE_26, WEBGPU, ESBUILD], bundled(otherNode, "cjs")),
  program("deno", ["deno@2.9.6"], asItIs(deno, "program.js")),
  program("bun", [BUN, WEBGPU], asItIs(bun, "program.js")),
  program("bun-compiled", [BUN], compiledByBun, ["auto"]),
  types("typescript5.7", "typescript@5.7.3"),
  types("typescript5.8", "typescript@5.8.3"),
  types("typescript5.9", "typescript@5.9.3"),
  types("typescript6", "typescript@6.0.3"),
  types("typescript7", "typescript@7.0.2"),
];
