/**
 * Vite plugin: `import kernels from "./assembly/kernels.wasm?built"` compiles that folder's AssemblyScript
 * and imports the binaries in base64, plain and with relaxed SIMD.
 */
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { cachedAssembly, readSources } from "./assembly.js";

const QUERY = ".wasm?built";

export function assemblyPlugin(): Plugin {
  return {
    name: "assembly",
    enforce: "pre",
    resolveId(source, importer) {
      return source.endsWith(QUERY) && importer ? join(dirname(importer), source) : undefined;
    },
    async load(id) {
      if (!id.endsWith(QUERY)) return undefined;
      const sources = readSources(dirname(id));
      for (const path of sources.keys()) this.addWatchFile(path);
      const [plain, relaxed] = [await cachedAssembly(sources), await cachedAssembly(sources, true)];
      const base64 = { plain: plain.toString("base64"), relaxed: relaxed.toString("base64") };
      return { code: `export default ${JSON.stringify(base64)};`, map: { mappings: "" } };
    },
  };
}
