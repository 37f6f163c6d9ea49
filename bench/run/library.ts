/** Loads the library from its source, in Node. */
import { join } from "node:path";
import { runnerImport } from "vite";
import type * as library from "../../src/index.js";
import { assemblyPlugin } from "../../scripts/assembly-plugin.js";
import { shaderPlugin } from "../../scripts/shader-plugin.js";

export async function importLibrary(): Promise<typeof library> {
  const { module } = await runnerImport<typeof library>(join(import.meta.dirname, "../../src/index.ts"), {
    configFile: false,
    plugins: [assemblyPlugin(), shaderPlugin()],
  });
  return module;
}
