/** Tests how many threads the engine takes by itself. */
import { availableParallelism } from "node:os";
import process from "node:process";
import { afterEach, expect, test, vi } from "vitest";
import { cores } from "../../../../src/engine/wasm/thread.js";

const { getBuiltinModule } = process;
afterEach(() => {
  process.getBuiltinModule = getBuiltinModule;
  vi.unstubAllGlobals();
});

test("Node says how many threads can run", () => {
  expect(cores()).toBe(availableParallelism());
});

test.each([
  { where: "a browser", navigator: { hardwareConcurrency: 6 }, threads: 6 },
  { where: "a browser that does not say", navigator: {}, threads: 1 },
  { where: "a platform without a navigator", navigator: undefined, threads: 1 },
])("$where has $threads", ({ navigator, threads }) => {
  Reflect.deleteProperty(process, "getBuiltinModule");
  vi.stubGlobal("navigator", navigator);
  expect(cores()).toBe(threads);
});
