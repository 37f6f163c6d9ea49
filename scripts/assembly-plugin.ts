/**
 * Vite plugin: compiles a folder's AssemblyScript and imports the binaries in base64.
 *
 *   import kernels from "./assembly/kernels.wasm?built"; // { plain, relaxed }: without and with relaxed SIMD
 *   import kernel from "./assembly/kernel.wasm?unshared"; // without threads
 */
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { type Sources, type Variant, cachedAssembly, readSources } from "./assembly.js";

/** Makes the default export of an import, by the end of its name. */
const EXPORTS: Readonly<Record<string, (sources: Sources) => Promise<unknown>>> = {
  ".wasm?built": async (sources) => ({
    plain: await inBase64(sources, {}),
    relaxed: await inBase64(sources, { relaxed: true }),
  }),
  ".wasm?unshared": (sources) => inBase64(sources, { unshared: true }),
};

export function assemblyPlugin(): Plugin {
  return {
    name: "assembly",
    enforce: "pre",
    resolveId(source, importer) {
      return endOf(source) && importer ? join(dirname(importer), source) : undefined;
    },
    async load(id) {
      const end = endOf(id);
      if (!end) return undefined;
      const sources = readSources(dirname(id));
      for (const path of sources.keys()) this.addWatchFile(path);
      const value = await EXPORTS[end](sources);
      return { code: `export default ${JSON.stringify(value)};`, map: { mappings: "" } };
    },
  };
}

function endOf(name: string): string | undefined {
  return Object.keys(EXPORTS).find((end) => name.endsWith(end));
}

async function inBase64(sources: Sources, variant: Variant): Promise<string> {
  return (await cachedAssembly(sources, variant)).toString("base64");
}
