/** Loads the library from its source, in Node. */
import { join } from "node:path";
import { createServer } from "vite";
import type * as library from "../../src/index.js";
import { assemblyPlugin } from "../../scripts/assembly-plugin.js";
import { shaderPlugin } from "../../scripts/shader-plugin.js";

/** Vite serves the modules that the library loads on demand, as long as the process lives. */
export async function importLibrary(): Promise<typeof library> {
  const server = await createServer({
    configFile: false,
    appType: "custom",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, ws: false },
    plugins: [assemblyPlugin(), shaderPlugin()],
  });
  const path = join(import.meta.dirname, "../../src/index.ts");
  return (await server.ssrLoadModule(path)) as typeof library;
}
