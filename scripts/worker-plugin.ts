/**
 * Vite plugin for the package: keeps the engine's worker a file beside the module, which refers to it in the
 * form that bundlers recognise, `new Worker(new URL("./worker.js", import.meta.url))`. Vite itself would
 * build it into a separate folder.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

const NAME = '"./worker.js"';
const HIDDEN = "__WORKER_FILE__";

export function workerPlugin(source: string): Plugin {
  return {
    name: "worker",
    enforce: "pre",
    // Lines stay where they are, so source maps do too.
    transform: (code) =>
      code.includes(NAME) ? { code: code.replaceAll(NAME, HIDDEN), map: null } : undefined,
    renderChunk: (code) =>
      code.includes(HIDDEN) ? { code: code.replaceAll(HIDDEN, NAME), map: null } : undefined,
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "worker.js", source: readFileSync(source, "utf8") });
    },
  };
}
