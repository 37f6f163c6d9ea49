// A machine whose WebAssembly has no SIMD. In a file of its own: the kernels are compiled once.
import { afterEach, expect, test, vi } from "vitest";
import { chooseEngine } from "../../src/engine/choose.js";
import { DeviceError } from "../../src/errors.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test("auto is the reference, and says why it is neither of the others", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const { engine, why } = await chooseEngine("auto");
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/^engine is auto, webgpu cannot be had: .*, and wasm cannot be had: .*SIMD/);
  await expect(chooseEngine("wasm")).rejects.toThrow(DeviceError);
});
