/** The examples in the TSDoc of public names run. */
import { join } from "node:path";
import { transformWithOxc } from "vite";
import { expect, test } from "vitest";
import { publicApi } from "../scripts/docs/public-api.js";
import * as library from "../src/index.js";

const root = join(import.meta.dirname, "..");

/** Names that the examples use, besides those of the library. */
const x = Array.from({ length: 12 }, (_, row) => [5 + (row % 2), 3 + row / 20, 1.4 + 3 * (row % 2), row / 9]);
const y = x.map((_, row) => (row % 2 === 0 ? "setosa" : "virginica"));
const files: Readonly<Record<string, () => Promise<BodyInit>>> = {
  "smigh-model.json": async () => JSON.stringify(await library.train({ x, y })),
  "train-images-idx3-ubyte.gz": async () => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 7),
};
const around = {
  x,
  y,
  testX: x,
  testY: y,
  newRows: x,
  data: { x, y },
  signal: new AbortController().signal,
  fetch: async (path: string) => new Response(await files[path]()),
  console: { log() {} },
};

const examples = publicApi().flatMap(({ path, declarations }) =>
  declarations.flatMap(({ name, doc }) =>
    (doc?.tags ?? []).flatMap(({ tag, text }) => (tag === "example" ? [{ name, path, text }] : [])),
  ),
);

/** Runs an example: TypeScript in a fenced block, with the names of its entry point at hand. */
async function run(text: string, path: string): Promise<void> {
  const [, code = ""] = text.match(/^```ts\n([^]*)\n```$/) ?? [];
  const names = { ...around, ...library, ...(await import(/* @vite-ignore */ join(root, path))) };
  const whole = `export default async ({ ${Object.keys(names).join(", ")} }) => {{\n${code}\n}}`;
  const { code: script } = await transformWithOxc(whole, "example.ts");
  const module = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  await module.default(names);
}

test.each(examples)("the example of $name runs", async ({ path, text }) => {
  await expect(run(text, path)).resolves.toBeUndefined();
});

test("an example that does not run is found", async () => {
  await expect(run("```ts\nawait train({ x });\n```", "src/index.ts")).rejects.toThrow("y is missing");
  await expect(run("```ts\nfit({ x, y });\n```", "src/index.ts")).rejects.toThrow("fit is not defined");
});
