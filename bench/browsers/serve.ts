import { join } from "node:path";
import { type Plugin, type ViteDevServer, createServer } from "vite";

const root = join(import.meta.dirname, "../..");

/** Vite's client, which reloads pages as one edits them, keeps a socket open: this page needs no network once loaded. */
const noClient: Plugin = {
  name: "no-client",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace(/<script type="module" src="[^"]*@vite\/client"><\/script>/, ""),
  },
};

/** Serves the training page on a free port of this machine; `open` is the address there that a browser is opened on. */
export async function serve(
  open?: string,
): Promise<{ readonly server: ViteDevServer; readonly url: string }> {
  const server = await createServer({
    configFile: join(root, "vite.config.ts"),
    plugins: [noClient],
    logLevel: "warn",
    clearScreen: false,
    server: { host: "localhost", port: 0, hmr: false, watch: null, open: open ?? false },
    // The page's one library is a module as it is. Those of the benchmark take seconds to prepare: not here.
    optimizeDeps: { entries: [], exclude: ["uplot"] },
  });
  await server.listen();
  const url = server.resolvedUrls?.local[0];
  if (url) return { server, url };
  await server.close();
  throw new Error("The page could not be served: the server has no address.");
}
