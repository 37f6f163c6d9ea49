// Tests machines where wasm does not open. It needs its own file, because the kernels are compiled, or
// rejected, only once.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseEngine } from "../../../src/engine/choose.js";
import { train } from "../../../src/index.js";
import { DeviceError, OptionError } from "../../../src/core/errors.js";

beforeEach(() => {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } });
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function wasmThrows(error: Error): void {
  vi.spyOn(WebAssembly, "validate").mockImplementation(() => {
    throw error;
  });
}

test("auto goes on to the reference whatever keeps wasm from opening", async () => {
  wasmThrows(new TypeError("This document requires TrustedScriptURL"));
  const { engine, why } = await chooseEngine("auto");
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/, and wasm is not available: This document requires TrustedScriptURL$/);
});

test("an option that is wrong is wrong on every engine", async () => {
  wasmThrows(new OptionError("threads is -1"));
  await expect(chooseEngine("auto")).rejects.toThrow(OptionError);
});

test("auto is the reference, and says why it is neither of the others", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const { engine, why, fellBack } = await chooseEngine("auto");
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/^engine is auto, webgpu is not available: .*, and wasm is not available: .*SIMD/);
  expect(fellBack).toBe(true);
  await expect(chooseEngine("wasm")).rejects.toThrow(DeviceError);
});

test("a training that fell back to it warns, and the first of them on the console too", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const data = { x: [[0], [1], [2], [3]], y: [0, 1, 0, 1] };
  const { warnings } = await train(data);
  expect(warnings.map(({ code }) => code)).toEqual(["slower-engine"]);
  expect(warnings[0].message).toMatch(/^The reference engine trains, which is slower.*wasm is not available/);
  expect((await train(data, { engine: "reference" })).warnings).toEqual([]);
  expect((await train(data, { onWarning() {} })).warnings).toEqual(warnings);
  expect(console.warn).toHaveBeenCalledTimes(1);
  expect(console.warn).toHaveBeenCalledWith(expect.stringContaining(`smigh: ${warnings[0].message} `));
});
