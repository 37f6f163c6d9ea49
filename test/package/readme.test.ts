/** Tests the README as npm shows it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { files } from "../../package.json" with { type: "json" };
import { relativeLinks, withAbsoluteLinks } from "../../scripts/release/readme.js";

const root = join(import.meta.dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

test("relative links become addresses of the version, and others stay", () => {
  const text = "[a](docs/a.md#b) [`c`](examples) [d](https://d.org) [e](#e)";
  expect(withAbsoluteLinks(text, "smigh", "1.2.3")).toBe(
    "[a](https://unpkg.com/smigh@1.2.3/docs/a.md#b) [`c`](https://unpkg.com/smigh@1.2.3/examples) " +
      "[d](https://d.org) [e](#e)",
  );
  expect(relativeLinks(text)).toEqual(["docs/a.md", "examples"]);
});

test("whatever the README links to is in the package", () => {
  const links = relativeLinks(readme);
  expect(links.length).toBeGreaterThan(10);
  const packed = (path: string) => files.some((one) => path === one || path.startsWith(`${one}/`));
  expect(links.filter((path) => !existsSync(join(root, path)) || !packed(path))).toEqual([]);
});
