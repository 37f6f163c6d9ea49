/** Kinds of consumers: pages, programs and compilers of types, and what is tried with each. */
import { availableParallelism } from "node:os";
import process from "node:process";
import { findChrome, swiftShaderEnvironment } from "../../bench/browsers/chrome.js";
import { ISOLATION } from "../../bench/browsers/isolation.js";
import type { Bundler } from "./bundlers.js";
import type { Consumer } from "./consumer.js";
import { visit } from "./pages.js";
import type { Project } from "./project.js";
import type { Expected } from "./report.js";

interface PageOptions {
  /** The file of app/ that the page runs. */
  readonly script?: string;
  readonly policy?: string;
  /** False if the policy keeps threads from starting. */
  readonly threads?: boolean;
}

/** A page, opened both cross-origin isolated and not. */
export function page(
  name: string,
  packages: readonly string[],
  bundler: Bundler,
  { script = "page.js", policy, threads = true }: PageOptions = {},
): Consumer {
  return {
    name,
    packages,
    async *attempts(project, chrome) {
      const serve = await bundler(project, script);
      const security = policy === undefined ? {} : { "Content-Security-Policy": policy };
      for (const isolated of [true, false]) {
        yield {
          where: isolated ? "isolated" : "not isolated",
          expected: {
            wanted: ["auto", "webgpu"],
            threads: isolated && threads ? "all" : "one",
            warning: isolated && !threads ? "one-thread" : undefined,
          },
          async run() {
            const site = await serve({ ...(isolated && ISOLATION), ...security });
            try {
              return await visit(await chrome(), site.url);
            } finally {
              site.close();
            }
          },
        };
      }
    },
  };
}

/** Makes a program in the project, and returns its command line. */
export type Maker = (project: Project) => Promise<readonly [command: string, ...words: string[]]>;

/** A program, which must end by itself. */
export function program(
  name: string,
  packages: readonly string[],
  make: Maker,
  wanted: Expected["wanted"] = ["auto", "webgpu"],
): Consumer {
  return {
    name,
    packages,
    async *attempts(project) {
      const [command, ...words] = await make(project);
      yield {
        where: "",
        expected: { wanted, threads: "all" },
        async run() {
          const env = await swiftShaderEnvironment(await findChrome());
          const out = await project.run(command, [...words, ...wanted], env);
          return { cores: availableParallelism(), trained: JSON.parse(out), said: [] };
        },
      };
    },
  };
}

/** A compiler of TypeScript, in each way to resolve modules. */
export function types(name: string, typescript: string): Consumer {
  return {
    name,
    packages: [typescript],
    async *attempts(project) {
      for (const [resolution, module] of RESOLUTIONS) {
        yield {
          where: resolution,
          async run() {
            const compilerOptions = { ...STRICTEST, module, moduleResolution: resolution };
            await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["types.ts"] }));
            await project.run(process.execPath, [project.installed("typescript/bin/tsc")]);
            return undefined;
          },
        };
      }
    },
  };
}

const RESOLUTIONS = [
  ["bundler", "esnext"],
  ["node16", "node16"],
  ["nodenext", "nodenext"],
] as const;

/** What a strict project asks for. Of WebGPU it declares what the compiler's DOM has. */
const STRICTEST = {
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  target: "es2022",
  lib: ["es2022", "dom"],
  types: [],
};
