/** Ways to make a page of a program: bundlers, a development server, and none of them. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { type Served, serveFolder } from "../support/built.js";
import { CommandError, type Project } from "./project.js";

export type Headers = Readonly<Record<string, string>>;

/** Serves a page with headers. */
export type Serve = (headers: Headers) => Promise<Served>;

/** Makes a page of a project that runs the script. */
export type Bundler = (project: Project, script: string) => Promise<Serve>;

/** The folder of what bundlers build, in a project. */
const OUT = "out";

/** Milliseconds that a development server may take to start. */
const START_MS = 30_000;

/** Allows pages of other origins, isolated ones too, to load a file. */
const SHARED = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };

const page = (script: string, head = "") =>
  `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${head}${script}<body></body>`;
const moduleScript = (name: string) => `<script type="module" src="./${name}"></script>`;

/** Serves the page, whose script a bundler built in OUT. */
async function serveBuilt(project: Project, script = moduleScript("page.js")): Promise<Serve> {
  await project.write(`${OUT}/index.html`, page(script));
  return serveIn(join(project.folder, OUT));
}

/** Serves index.html of a folder. */
const serveIn =
  (folder: string): Serve =>
  async (headers) => {
    const { url, close } = await serveFolder(folder, headers);
    return { url: `${url}index.html`, close };
  };

/** Writes the page and the configuration of Vite, and returns the path of its command. */
async function configureVite(project: Project, script: string, more: object): Promise<string> {
  const config = { base: "./", build: { outDir: OUT }, ...more };
  await project.write("vite.config.js", `export default ${JSON.stringify(config)};`);
  await project.write("index.html", page(moduleScript(script)));
  return project.installed("vite/bin/vite.js");
}

const viteBuildWith =
  (config: object): Bundler =>
  async (project, script) => {
    await project.run(process.execPath, [await configureVite(project, script, config), "build"]);
    return serveIn(join(project.folder, OUT));
  };

export const viteBuild = viteBuildWith({});

/** Until version 8, Vite makes scripts of the old kind of workers, which cannot load chunks. */
export const viteBuildModuleWorkers = viteBuildWith({ worker: { format: "es" } });

export const viteServe: Bundler = async (project, script) => async (headers) => {
  const vite = await configureVite(project, script, { server: { headers } });
  const words = [vite, "--host", "localhost", "--port", "0"];
  const server = spawn(process.execPath, words, {
    cwd: project.folder,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const close = () => void server.kill();
  const url = new Promise<string>((resolve, reject) => {
    let said = "";
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        const [found] = said.match(/http:\/\/localhost:\d+\/\S*/) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    const fail = () => reject(new CommandError(`Vite does not serve: ${said}`));
    server.once("close", fail);
    setTimeout(fail, START_MS).unref();
  });
  try {
    return { url: await url, close };
  } catch (error) {
    close();
    throw error;
  }
};

export const webpack: Bundler = async (project, script) => {
  const config = {
    mode: "production",
    entry: { page: `./${script}` },
    output: { path: join(project.folder, OUT), filename: "[name].js" },
  };
  await project.write("webpack.config.js", `export default ${JSON.stringify(config)};`);
  await project.run(process.execPath, [project.installed("webpack-cli/bin/cli.js")]);
  return serveBuilt(project);
};

export const rollup: Bundler = async (project, script) => {
  const words = ["-p", "node-resolve", "-f", "es", "-d", OUT, "--entryFileNames", "page.js", script];
  await project.run(process.execPath, [project.installed("rollup/dist/bin/rollup"), ...words]);
  return serveBuilt(project);
};

/** Bundles a script with esbuild. Its command is an executable here, and JavaScript elsewhere. */
export async function esbuild(project: Project, script: string, ...flags: string[]): Promise<void> {
  const words = [script, "--bundle", "--minify", "--log-level=error", ...flags];
  await project.run(project.installed("esbuild/bin/esbuild"), words);
}

export const esbuildModules: Bundler = async (project, script) => {
  await esbuild(project, script, "--format=esm", "--splitting", `--outdir=${OUT}`, "--entry-names=page");
  return serveBuilt(project);
};

/** One file without imports, which a page may load as a script of the old kind. */
export const esbuildFile: Bundler = async (project, script) => {
  await esbuild(project, script, "--format=iife", `--outfile=${OUT}/page.js`);
  return serveBuilt(project, '<script defer src="./page.js"></script>');
};

const IMPORTS = { smigh: "index.js", "smigh/model": "model/index.js" };

/** The head of a page with an import map that finds the package at that address. */
function importMap(address: string): string {
  const imports = Object.entries(IMPORTS).map(([name, file]) => [name, address + file]);
  return `<script type="importmap">${JSON.stringify({ imports: Object.fromEntries(imports) })}</script>`;
}

const FILES = "node_modules/smigh/dist/";

export const mapped: Bundler = async (project, script) => {
  await project.write("index.html", page(moduleScript(script), importMap(`./${FILES}`)));
  return serveIn(project.folder);
};

/** The package comes from another origin, as from a CDN. */
export const mappedElsewhere: Bundler = async (project, script) => async (headers) => {
  const elsewhere = await serveFolder(join(project.folder, FILES), SHARED);
  await project.write("index.html", page(moduleScript(script), importMap(elsewhere.url)));
  const { url, close } = await serveIn(project.folder)(headers);
  return {
    url,
    close() {
      close();
      elsewhere.close();
    },
  };
};
