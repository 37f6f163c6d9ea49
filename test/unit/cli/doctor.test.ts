// Tests the doctor on a machine where wasm does not open. It needs its own file, because the kernels are
// compiled, or rejected, only once.
import { afterEach, expect, test, vi } from "vitest";
import { run } from "../../../src/cli/run.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test("the doctor goes on to the next engine, whatever keeps one from opening", async () => {
  vi.spyOn(WebAssembly, "validate").mockImplementation(() => {
    throw new TypeError("This document requires TrustedScriptURL");
  });
  let out = "";
  const streams = { out: (text: string) => (out += text), status: () => {}, live: false };
  expect(await run(["doctor"], streams)).toBe(0);
  expect(out).toMatch(/^auto picks reference /);
  expect(out).toMatch(/^wasm {7}not available: This document requires TrustedScriptURL$/m);
  expect(out).toMatch(/^reference {2}f64 loops on the CPU$/m);
});
