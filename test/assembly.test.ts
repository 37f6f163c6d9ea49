/** Tests the compiler of AssemblyScript and its cache. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cachedAssembly, compileAssembly, readSources } from "../scripts/assembly.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smigh-assembly-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a source of two files; the first returns a number that the second declares. */
async function write(number: number): Promise<void> {
  const index = 'import { NUMBER } from "./number";\nexport function number(): i32 { return NUMBER; }\n';
  await writeFile(join(folder, "index.ts"), index);
  await writeFile(join(folder, "number.ts"), `export const NUMBER: i32 = ${number};\n`);
}

test("a cached binary is the compiler's, also after an imported file changed", async () => {
  const binaries: Buffer[] = [];
  for (const number of [1, 2, 1]) {
    await write(number);
    const sources = readSources(folder);
    const binary = await cachedAssembly(sources);
    expect(binary.equals(await compileAssembly(sources))).toBe(true);
    binaries.push(binary);
  }
  const [one, two] = binaries;
  expect(one.equals(two)).toBe(false);
});

test("sources that do not compile fail with the compiler's message, every time", async () => {
  await writeFile(join(folder, "index.ts"), "export const one: i32 = two;\n");
  for (let time = 0; time < 2; time++) {
    await expect(cachedAssembly(readSources(folder))).rejects.toThrow(
      /does not compile:[^]*Cannot find name 'two'/,
    );
  }
});
