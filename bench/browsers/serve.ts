/** Serves the training page for `npm start` and the studies. */
import { join } from "node:path";
import { type Plugin, type ViteDevServer, createServer } from "vite";

const root = join(import.meta.dirname, "../..");

/** Removes Vite's client, which keeps a socket open: once loaded, the page must need no network. */
const noClient: Plugin = {
  name: "no-client",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace(/<script type="module" src="[^"]*@vite\/client"><\/script>/, ""),
  },
};

/** Serves the training page on a free port of this machine, and opens the address `open`, if given. */
export async function serve(
  open?: string,
): Promise<{ readonly server: ViteDevServer; readonly url: string }> {
  const server = await createServer({
    configFile: join(root, "vite.config.ts"),
    plugins: [noClient],
    logLevel: "warn",
    clearScreen: false,
    server: { host: "localhost", port: 0, hmr: false, watch: null, open: open ?? false },
    // The page's only library is already a module. Prebundling the benchmark's libraries would take seconds.
    optimizeDeps: { entries: [], exclude: ["uplot"] },
  });
  await server.listen();
  const url = server.resolvedUrls?.local[0];
  if (url) return { server, url };
  await server.close();
  throw new Error("The page could not be served: the server has no address.");
}
