/** Checks that the licence of every library that readers load comes with the package. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { files } from "../../package.json" with { type: "json" };

const root = join(import.meta.dirname, "../..");
const readers = join(root, "src/data/readers");

test("every bundled library is listed with its licence", () => {
  const texts = readdirSync(readers).map((name) => readFileSync(join(readers, name), "utf8"));
  const libraries = new Set(
    texts.flatMap((text) =>
      Array.from(text.matchAll(/\bimport\("((?:@[^"/]+\/)?[a-z][^"/]*)[^"]*"\)/g), ([, name]) => name),
    ),
  );
  expect(libraries).toContain("papaparse");
  const listed = readFileSync(join(root, "THIRD_PARTY_LICENSES.md"), "utf8");
  for (const library of libraries) {
    const folder = join(root, "node_modules", library);
    const name = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    const text = name === undefined ? "no licence" : readFileSync(join(folder, name), "utf8");
    expect(listed).toContain(`\n## ${library}\n`);
    expect(listed.replaceAll(/\s+/g, " ")).toContain(text.trim().replaceAll(/\s+/g, " "));
  }
  expect(files).toContain("THIRD_PARTY_LICENSES.md");
});
