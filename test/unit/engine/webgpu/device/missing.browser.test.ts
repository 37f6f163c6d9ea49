/** Tests a missing adapter. It needs its own file, because smigh keeps a device once it has one. */
import { expect, test, vi } from "vitest";
import { train } from "../../../../../src/index.js";

test("a missing adapter is an error that says so", async () => {
  vi.spyOn(navigator.gpu, "requestAdapter").mockResolvedValue(null);
  const data = { x: [[0], [1]], y: ["a", "b"] };
  await expect(train(data, { engine: "webgpu" })).rejects.toThrow(/WebGPU has no adapter/);
});
