// Tests the choice of an engine where WebGPU has no adapter.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chooseEngine } from "../../../src/engine/choose.js";
import { DeviceError } from "../../../src/core/errors.js";

beforeEach(() => void vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => null } }));
afterEach(() => void vi.unstubAllGlobals());

test("auto is wasm, and says why it is not webgpu", async () => {
  const { engine, why } = await chooseEngine("auto");
  engine.close();
  expect(engine.name).toBe("wasm");
  expect(why).toMatch(/^engine is auto and webgpu is not available: WebGPU has no adapter: .*[^.]$/);
});

test.each(["wasm", "reference"] as const)("%s is what it is when asked for", async (name) => {
  const { engine, why } = await chooseEngine(name);
  engine.close();
  expect({ name: engine.name, why }).toEqual({ name, why: `engine is ${name}` });
});

test("webgpu is a DeviceError, and nothing else in its place", async () => {
  await expect(chooseEngine("webgpu")).rejects.toThrow(DeviceError);
});

test("auto passes over an engine that failed before, and says why", async () => {
  const failures = new Map([["wasm", new DeviceError("A thread stopped.")]] as const);
  const { engine, why, fellBack } = await chooseEngine("auto", { failures });
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/^engine is auto, webgpu is not available: .*, and wasm failed: A thread stopped$/);
  expect(fellBack).toBe(true);
});
