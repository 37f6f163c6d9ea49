/** Tests that errors of the system name the file. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { FileError, isSystemError, withFile } from "../../../src/cli/file-error.js";

test("the system's errors name the file, and others are passed on", async () => {
  expect(await withFile("a", "read", async () => 7)).toBe(7);
  const missing = withFile("/no/such/file", "read", () => readFile("/no/such/file"));
  await expect(missing).rejects.toThrow(FileError);
  await expect(missing).rejects.toThrow(/^\/no\/such\/file cannot be read: ENOENT/);
  const other = withFile("a", "written", () => Promise.reject(new RangeError("too long")));
  await expect(other).rejects.toThrow(RangeError);
});

test("an error is the system's where it has a code in words", () => {
  expect(isSystemError(Object.assign(new Error("full"), { code: "ENOSPC" }))).toBe(true);
  expect(isSystemError(Object.assign(new Error("aborted"), { code: 20 }))).toBe(false);
  expect(isSystemError({ code: "ENOSPC" })).toBe(false);
});
