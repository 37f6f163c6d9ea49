import { DeviceError } from "../../errors.js";
import { WHOLE_BUFFERS } from "./tiling.js";

/** An open device, and what went wrong on it. */
export interface Gpu {
  readonly device: GPUDevice;
  /** The adapter's name, such as "google swiftshader". */
  readonly adapter: string;
  /** A software adapter: a hundred times slower than a GPU, and with few threads. */
  readonly slow: boolean;
  /** Throws the first error that the device reported outside of an error scope, or its loss. */
  check(): void;
  /** Destroys the device, unless it was shared. */
  close(): void;
}

/** Opens the shared device, or one with all that the adapter can hold. Throws a DeviceError when there is no adapter. */
export async function openGpu(shared?: GPUDevice): Promise<Gpu> {
  const device = shared ?? (await requestDevice());
  const { vendor, architecture, description, isFallbackAdapter } = device.adapterInfo;
  // Deno names the vendor by its number.
  const names = [vendor, architecture, description].filter((name) => /\D/.test(name));
  const adapter = names.join(" ") || "an adapter without a name";
  const slow = isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(adapter);

  let failure: DeviceError | undefined;
  let closed = false;
  const report = (event: GPUUncapturedErrorEvent) => {
    failure ??= new DeviceError(`${adapter}: ${event.error.message}`);
  };
  device.addEventListener("uncapturederror", report);
  void device.lost.then((info) => {
    if (closed) return;
    failure ??= new DeviceError(
      `The GPU device (${adapter}) was lost: ${info.message || info.reason}. Train again; with smaller batches if it recurs.`,
    );
  });
  return {
    device,
    adapter,
    slow,
    check() {
      if (failure) throw failure;
    },
    close() {
      closed = true;
      device.removeEventListener("uncapturederror", report);
      if (!shared) device.destroy();
    },
  };
}

async function requestDevice(): Promise<GPUDevice> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) throw new DeviceError(`There is no WebGPU here: navigator.gpu is missing. ${whyMissing()}`);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "WebGPU has no adapter: the browser found no GPU that it trusts. chrome://gpu says why; --enable-unsafe-webgpu may help.",
    );
  }
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  return adapter.requestDevice({
    label: "smigh",
    requiredFeatures: adapter.features.has("subgroups") ? ["subgroups"] : [],
    requiredLimits: {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxStorageBuffersPerShaderStage: Math.min(maxStorageBuffersPerShaderStage, WHOLE_BUFFERS),
    },
  });
}

function whyMissing(): string {
  return globalThis.isSecureContext === false
    ? "A page has it only over https or on localhost."
    : "Chrome and Edge have it from 113, Safari from 26; Node has none of its own.";
}

/** Runs `allocate` and turns what the device objects to into a DeviceError that says what could not be had. */
export async function allocating<T>(gpu: Gpu, what: string, allocate: () => Promise<T>): Promise<T> {
  const { device } = gpu;
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const [result] = await Promise.allSettled([allocate()]);
  const invalid = await device.popErrorScope();
  const memory = await device.popErrorScope();
  if (result.status === "rejected") throw result.reason;
  const error = invalid ?? memory;
  if (error) throw new DeviceError(`${gpu.adapter} cannot hold ${what}: ${error.message}`);
  gpu.check();
  return result.value;
}
