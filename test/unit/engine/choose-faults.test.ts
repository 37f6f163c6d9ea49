// Tests "auto" in Node with a fake WebGPU that fails in every way that a browser's can.
import { afterEach, describe, expect, test, vi } from "vitest";
import { type EngineChoice, chooseEngine } from "../../../src/engine/choose.js";
import { findAdapter } from "../../../src/engine/webgpu/device/adapter.js";
import { withTimeout } from "../../../src/engine/webgpu/device/timeout.js";
import { DeviceError } from "../../../src/core/errors.js";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const never = () => new Promise<never>(() => {});
const throws = () => {
  throw new TypeError("not here");
};
const rejects = () => Promise.reject(new DOMException("not now", "OperationError"));
const opened = (lost: Promise<unknown>) => ({
  lost,
  limits: {},
  features: new Set(),
  pushErrorScope() {},
  popErrorScope: () => Promise.resolve(null),
});
const lostDevice = () => opened(Promise.resolve({ reason: "unknown", message: "a driver crashed" }));
const adapter = (requestDevice: () => unknown, more: object = { info: { vendor: "nvidia" } }) => ({
  requestAdapter: () => Promise.resolve({ limits: {}, features: new Set(), requestDevice, ...more }),
});

async function auto(device?: object): Promise<Pick<EngineChoice, "why"> & { readonly name: string }> {
  const choice: EngineChoice = await Reflect.apply(chooseEngine, undefined, ["auto", { device }]);
  choice.engine.close();
  return { name: choice.engine.name, why: choice.why };
}

describe("auto goes on to wasm and says why", () => {
  test.each<[string, object, RegExp]>([
    ["requestAdapter throws", { requestAdapter: throws }, /requestAdapter failed: TypeError: not here$/],
    [
      "requestAdapter rejects",
      { requestAdapter: rejects },
      /requestAdapter failed: OperationError: not now$/,
    ],
    ["requestDevice throws", adapter(throws), /requestDevice failed: TypeError: not here$/],
    ["requestDevice rejects", adapter(rejects), /requestDevice failed: OperationError: not now$/],
    [
      "the device is lost from the start",
      adapter(() => Promise.resolve(lostDevice())),
      /The GPU device \(nvidia\) was lost: a driver crashed/,
    ],
    [
      "the adapter has no info but the older way to ask for it, and the device is lost",
      adapter(() => Promise.resolve(lostDevice()), {
        requestAdapterInfo: () => Promise.resolve({ vendor: "amd" }),
      }),
      /The GPU device \(amd\) was lost/,
    ],
    [
      "the adapter has no name at all, and the device is lost",
      adapter(() => Promise.resolve(lostDevice()), {}),
      /The GPU device \(an adapter without a name\) was lost/,
    ],
  ])("where %s", async (_, gpu, says) => {
    vi.stubGlobal("navigator", { gpu });
    const { name, why } = await auto();
    expect(name).toBe("wasm");
    expect(why).toMatch(/^engine is auto and webgpu is not available: /);
    expect(why).toMatch(says);
  });

  test("where navigator.gpu itself throws", async () => {
    vi.stubGlobal("navigator", Object.defineProperty({}, "gpu", { get: throws }));
    expect(await auto()).toMatchObject({ name: "wasm", why: expect.stringMatching(/TypeError: not here$/) });
  });

  test("where the device that is given is lost", async () => {
    const { name, why } = await auto(lostDevice());
    expect({ name, why }).toMatchObject({ name: "wasm", why: expect.stringContaining("was lost") });
  });

  test.each<[string, object, RegExp]>([
    ["requestAdapter", { requestAdapter: never }, /requestAdapter gave no answer within 10 s/],
    ["requestDevice", adapter(never), /requestDevice gave no answer within 10 s/],
    [
      "the device",
      adapter(() => Promise.resolve({ ...opened(never()), popErrorScope: never })),
      /The GPU device \(nvidia\) gave no answer within 10 s/,
    ],
  ])("where %s gives no answer", async (_, gpu, says) => {
    vi.stubGlobal("navigator", { gpu });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const choice = auto();
    for (let second = 0; second < 60; second++) await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    const { name, why } = await choice;
    expect(name).toBe("wasm");
    expect(why).toMatch(says);
  });
});

test("webgpu that is asked for waits longer, and is a DeviceError", async () => {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: never } });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const error = chooseEngine("webgpu").catch((cause: unknown) => cause);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await error).toMatchObject({
    name: "DeviceError",
    message: expect.stringContaining("no answer within 60 s"),
  });
});

test("an adapter that rejects is a DeviceError with its cause", async () => {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: rejects } });
  const error: unknown = await findAdapter().catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DeviceError);
  expect(error).toMatchObject({ cause: { name: "OperationError" } });
});

test("a time limit keeps no process alive, and is off once there is an answer", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const clear = vi.spyOn(globalThis, "clearTimeout");
  const limited = withTimeout(60_000, "The answer", Promise.resolve(1));
  expect(timers()).toBe(before);
  expect(await limited).toBe(1);
  await Promise.resolve();
  expect(clear).toHaveBeenCalledOnce();
});
