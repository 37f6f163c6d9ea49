// Tests which engine "auto" chooses on adapters of every kind, whose names are faked.
import { afterEach, expect, test, vi } from "vitest";
import { chooseEngine } from "../../../src/engine/choose.js";
import { train } from "../../../src/index.js";

const SOFTWARE = { vendor: "google", architecture: "swiftshader", isFallbackAdapter: false };
const HARDWARE = { vendor: "nvidia", architecture: "ampere", isFallbackAdapter: false };

vi.mock("../../../src/engine/least-macs.js", () => ({ LEAST_MACS: { queued: 0, waiting: 0 } }));

afterEach(() => {
  vi.restoreAllMocks();
});

function adapterIs(names: Pick<GPUAdapterInfo, "vendor" | "architecture" | "isFallbackAdapter">): void {
  const info: GPUAdapterInfo = {
    __brand: "GPUAdapterInfo",
    device: "",
    description: "",
    subgroupMinSize: 4,
    subgroupMaxSize: 128,
    ...names,
  };
  vi.spyOn(GPUAdapter.prototype, "info", "get").mockReturnValue(info);
  vi.spyOn(GPUDevice.prototype, "adapterInfo", "get").mockReturnValue(info);
}

test.each([SOFTWARE, { ...HARDWARE, isFallbackAdapter: true }])(
  "on software ($architecture, fallback $isFallbackAdapter) auto is wasm, and no device is opened to find out",
  async (names) => {
    adapterIs(names);
    const devices = vi.spyOn(GPUAdapter.prototype, "requestDevice");
    const { engine, why } = await chooseEngine("auto");
    engine.close();
    expect(engine.name).toBe("wasm");
    expect(why).toBe(
      `engine is auto and the WebGPU adapter, ${names.vendor} ${names.architecture}, is software on the processor itself`,
    );
    expect(devices).not.toHaveBeenCalled();
  },
);

test("without an adapter auto is wasm", async () => {
  vi.spyOn(navigator.gpu, "requestAdapter").mockResolvedValue(null);
  const { engine, why } = await chooseEngine("auto");
  engine.close();
  expect(engine.name).toBe("wasm");
  expect(why).toMatch(/^engine is auto and webgpu is not available: WebGPU has no adapter/);
});

test("on a GPU auto is webgpu, and the model says which and why", async () => {
  adapterIs(HARDWARE);
  const { engine } = await train({ x: [[0], [1]], y: ["a", "b"] });
  expect(engine).toMatchObject({
    name: "webgpu",
    adapter: "nvidia ampere",
    why: "engine is auto and there is a GPU, nvidia ampere",
  });
});

test("webgpu that is asked for is webgpu, also on software", async () => {
  adapterIs(SOFTWARE);
  const { engine, why } = await chooseEngine("webgpu");
  engine.close();
  expect({ name: engine.name, why }).toEqual({ name: "webgpu", why: "engine is webgpu" });
});

test("a device that is given is the one that auto computes on, also on software", async () => {
  adapterIs(SOFTWARE);
  const adapter = await navigator.gpu.requestAdapter();
  const device = await adapter?.requestDevice();
  if (!device) throw new Error("there is no device");
  const submit = vi.spyOn(device.queue, "submit");
  const { engine } = await train({ x: [[0], [1]], y: ["a", "b"] }, { device });
  expect(engine).toMatchObject({ name: "webgpu", why: "engine is auto and a device is given" });
  expect(submit).toHaveBeenCalled();
  device.destroy();
});
