/** Loads modules from their source, in Node. */
import { join } from "node:path";
import { createServer } from "vite";
import type * as library from "../../src/index.js";
import { assemblyPlugin } from "../../scripts/assembly-plugin.js";
import { shaderPlugin } from "../../scripts/shader-plugin.js";

export function importLibrary(): Promise<typeof library> {
  return importSource<typeof library>("src/index.ts");
}

/**
 * Imports a module of type M at a path from the root. Vite serves what it loads on demand as long as the
 * process lives.
 */
export async function importSource<M>(path: string): Promise<M> {
  const server = await createServer({
    configFile: false,
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, ws: false },
    plugins: [assemblyPlugin(), shaderPlugin()],
  });
  return (await server.ssrLoadModule(join(import.meta.dirname, "../..", path))) as M;
}
