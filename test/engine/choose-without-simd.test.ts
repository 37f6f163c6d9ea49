// A machine whose WebAssembly has no SIMD. In a file of its own: the kernels are compiled once.
import { afterEach, expect, test, vi } from "vitest";
import { chooseEngine } from "../../src/engine/choose.js";
import { train } from "../../src/index.js";
import { DeviceError } from "../../src/errors.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test("auto is the reference, and says why it is neither of the others", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const { engine, why, fellBack } = await chooseEngine("auto");
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/^engine is auto, webgpu cannot be had: .*, and wasm cannot be had: .*SIMD/);
  expect(fellBack).toBe(true);
  await expect(chooseEngine("wasm")).rejects.toThrow(DeviceError);
});

test("a training that fell back to it warns", async () => {
  vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  const data = { x: [[0], [1], [2], [3]], y: [0, 1, 0, 1] };
  const { warnings } = await train(data);
  expect(warnings.map(({ code }) => code)).toEqual(["slower-engine"]);
  expect(warnings[0].message).toMatch(/^The reference engine trains, which is slower.*wasm cannot be had/);
  expect((await train(data, { engine: "reference" })).warnings).toEqual([]);
});
