/** Tests that the page loads at once whatever the library loads on demand, except what it never uses. */
import { expect, test } from "vitest";
import { filesOf, importsOf, textOf } from "../../scripts/imports.js";

/** The files that these load on demand. */
function onDemand(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    const calls = textOf(path).match(/\bimport\("[^"]*"\)/g) ?? [];
    return importsOf(path, calls.join("\n")).map(({ to }) => to);
  });
  return [...new Set(found)].toSorted();
}

test("the page preloads what trainings and models load on demand", () => {
  const unused = [
    "src/engine/webgpu/device/dawn.ts",
    "src/model/statistics/statistics.ts",
    "src/sweep/path.ts",
  ];
  const others = ["src/cli/", "src/data/"]; // the page reads no files but those of the digits
  const library = onDemand(filesOf("src").filter((path) => !others.some((one) => path.startsWith(one))));
  expect(library.length).toBeGreaterThan(15);
  expect(onDemand(["bench/page/train/preload.ts"])).toEqual(library.filter((path) => !unused.includes(path)));
});
