/** No adapter. In a file of its own: smigh keeps the device that it once had. */
import { expect, test, vi } from "vitest";
import { chooseEngine } from "../../../src/engine/choose.js";
import { train } from "../../../src/index.js";

test("a missing adapter is an error for webgpu, and the reference for auto, which says why", async () => {
  vi.spyOn(navigator.gpu, "requestAdapter").mockResolvedValue(null);
  const data = { x: [[0], [1]], y: ["a", "b"] };
  await expect(train(data, { engine: "webgpu" })).rejects.toThrow(/WebGPU has no adapter/);
  const { engine, why } = await chooseEngine("auto");
  expect(engine.name).toBe("reference");
  expect(why).toMatch(/webgpu cannot be had: WebGPU has no adapter/);
});
