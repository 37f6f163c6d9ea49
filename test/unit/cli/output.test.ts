/** Checks that commands write files completely or not at all, and touch nothing else. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OutputFile } from "../../../src/cli/output.js";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "smigh-output-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);

test("a new file is there only when it is written, with all of its parts", async () => {
  const output = await OutputFile.prepare(at("new.txt"), []);
  expect(readdirSync(folder)).toEqual([]);
  await output.write(["one ", new TextEncoder().encode("two "), "three"]);
  expect(readFileSync(at("new.txt"), "utf8")).toBe("one two three");
  expect(readdirSync(folder)).toEqual(["new.txt"]);
});

test("an old file is another file after it, of the same mode", async () => {
  writeFileSync(at("old.txt"), "a much longer text");
  chmodSync(at("old.txt"), 0o640);
  const { ino } = statSync(at("old.txt"));
  await (await OutputFile.prepare(at("old.txt"), [])).write(["short"]);
  expect(readFileSync(at("old.txt"), "utf8")).toBe("short");
  expect(statSync(at("old.txt")).mode & 0o777).toBe(0o640);
  expect(statSync(at("old.txt")).ino).not.toBe(ino);
});

test("what fails half-way leaves the old file, and no other", async () => {
  writeFileSync(at("old.txt"), "old");
  const output = await OutputFile.prepare(at("old.txt"), []);
  function* parts() {
    yield "half";
    throw new Error("the rest is not to be had");
  }
  await expect(output.write(parts())).rejects.toThrow("the rest is not to be had");
  expect(readFileSync(at("old.txt"), "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["old.txt"]);
});

test("a folder that has gone since is named with the file", async () => {
  mkdirSync(at("gone"));
  const output = await OutputFile.prepare(at("gone/new.txt"), []);
  rmSync(at("gone"), { recursive: true });
  const message = expect.stringMatching(/gone\/new\.txt cannot be written: ENOENT/);
  await expect(output.write(["x"])).rejects.toMatchObject({ name: "FileError", message });
});

describe("a link stays one, and leads to the new file", () => {
  test.each([
    ["that is there", true],
    ["that is not there yet", false],
  ])("%s", async (_, there) => {
    mkdirSync(at("far"));
    if (there) writeFileSync(at("far/file.txt"), "old");
    symlinkSync("far/file.txt", at("near"));
    symlinkSync(at("near"), at("nearer"));
    await (await OutputFile.prepare(at("nearer"), [])).write(["new"]);
    expect(lstatSync(at("nearer")).isSymbolicLink()).toBe(true);
    expect(lstatSync(at("far/file.txt")).isFile()).toBe(true);
    expect(readFileSync(at("near"), "utf8")).toBe("new");
  });
});

test("a link that leads to itself is named", async () => {
  symlinkSync("loop", at("loop"));
  await expect(OutputFile.prepare(at("loop"), [])).rejects.toThrow(/loop cannot be written: ELOOP/);
});

test("a device is written to, not replaced", async () => {
  await (await OutputFile.prepare("/dev/null", ["/dev/null"])).write(["x"]);
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test.skipIf(!existsSync("/dev/full"))("a full device is named", async () => {
  const output = await OutputFile.prepare("/dev/full", []);
  await expect(output.write(["x"])).rejects.toThrow("/dev/full cannot be written: ENOSPC");
});
