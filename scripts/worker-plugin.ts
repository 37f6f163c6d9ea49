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
    transform: (code) => (code.includes(NAME) ? code.replaceAll(NAME, HIDDEN) : undefined),
    renderChunk: (code) => code.replaceAll(HIDDEN, NAME),
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "worker.js", source: readFileSync(source, "utf8") });
    },
  };
}
