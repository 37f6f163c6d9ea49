/**
 * Vite plugin: `import text from "../shaders/logits.wgsl?linked"` links a shader with what it imports, and
 * leaves out its indentation, which `kernelOf` restores.
 */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vite";
import { type ShaderTexts, linkShader } from "./link-shader.js";

const QUERY = "?linked";
const FOLDER = join(import.meta.dirname, "..", "shaders");

/** Reads all shaders, by their paths below shaders/. */
export function readShaders(): ShaderTexts {
  const paths = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".wgsl"))
    .map((path) => path.replaceAll("\\", "/"));
  return new Map(paths.toSorted().map((path) => [path, readFileSync(join(FOLDER, path), "utf8")]));
}

export function shaderPlugin(): Plugin {
  return {
    name: "shaders",
    enforce: "pre",
    resolveId(source, importer) {
      return source.endsWith(QUERY) && importer ? join(dirname(importer), source) : undefined;
    },
    load(id) {
      if (!id.endsWith(QUERY)) return undefined;
      const texts = readShaders();
      for (const path of texts.keys()) this.addWatchFile(join(FOLDER, path));
      const path = id.slice(FOLDER.length + 1, -QUERY.length).replaceAll("\\", "/");
      const text = linkShader(path, texts).replaceAll(/^ +/gm, "");
      return { code: `export default ${JSON.stringify(text)};`, map: { mappings: "" } };
    },
  };
}
