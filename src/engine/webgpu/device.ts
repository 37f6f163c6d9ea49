import { DeviceError, SmighError } from "../../errors.js";
import { yieldToEventLoop } from "../../event-loop.js";
import { WHOLE_BUFFERS } from "./choice.js";

/** An open device: what it is called, what is alive on it, what is compiled for it, and what went wrong on it. */
export interface Gpu {
  readonly device: GPUDevice;
  /** The adapter's name, such as "google swiftshader". */
  readonly adapter: string;
  /** A software adapter: a hundred times slower than a GPU, and with few threads. */
  readonly slow: boolean;
  /** The buffers that are alive, of all engines on this device. */
  readonly live: Live;
  /** Pipelines by their kernels' texts, of all engines on this device. */
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
  buffer(label: string, size: number, usage: number): GPUBuffer;
  destroy(buffer: GPUBuffer): void;
  /** Throws the first error that the device reported outside of an error scope, or its loss. */
  check(): void;
  /** Stops listening to the device, which stays open for the next engine. */
  close(): void;
}

export interface Live {
  buffers: number;
  bytes: number;
}

interface Shared {
  readonly live: Live;
  readonly pipelines: Map<string, Promise<GPUComputePipeline>>;
}

/** What engines on the same device share. */
const shared = new WeakMap<GPUDevice, Shared>();

/** smigh's own device, once it is asked for: fits that follow find their kernels compiled. */
let own: Promise<GPUDevice> | undefined;

/** The adapter that smigh's own device is of, without opening it. Throws a DeviceError when there is none. */
export async function findAdapter(): Promise<Pick<Gpu, "adapter" | "slow">> {
  return named((await requestAdapter()).info);
}

/** Opens the device given, or smigh's own. Throws a DeviceError when there is no adapter. */
export async function openGpu(given?: GPUDevice): Promise<Gpu> {
  const device = given ?? (await ownDevice());
  const { adapter, slow } = named(device.adapterInfo);
  const { live, pipelines } = sharedBy(device);

  let failure: DeviceError | undefined;
  const report = (event: GPUUncapturedErrorEvent) => {
    failure ??= new DeviceError(`${adapter}: ${event.error.message}`);
  };
  device.addEventListener("uncapturederror", report);
  void device.lost.then((info) => {
    failure ??= new DeviceError(
      `The GPU device (${adapter}) was lost: ${info.message || info.reason}. Train again; with smaller batches if it recurs.`,
    );
  });
  return {
    device,
    adapter,
    slow,
    live,
    pipelines,
    buffer(label, size, usage) {
      const buffer = device.createBuffer({ label, size, usage });
      live.buffers++;
      live.bytes += size;
      return buffer;
    },
    destroy(buffer) {
      buffer.destroy();
      live.buffers--;
      live.bytes -= buffer.size;
    },
    check() {
      if (failure) throw failure;
    },
    close() {
      device.removeEventListener("uncapturederror", report);
    },
  };
}

function named({
  vendor,
  architecture,
  description,
  isFallbackAdapter,
}: GPUAdapterInfo): Pick<Gpu, "adapter" | "slow"> {
  // Deno names the vendor by its number.
  const names = [vendor, architecture, description].filter((name) => /\D/.test(name));
  const adapter = names.join(" ") || "an adapter without a name";
  return {
    adapter,
    slow: isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(adapter),
  };
}

function sharedBy(device: GPUDevice): Shared {
  const found = shared.get(device) ?? { live: { buffers: 0, bytes: 0 }, pipelines: new Map() };
  shared.set(device, found);
  return found;
}

function ownDevice(): Promise<GPUDevice> {
  if (own) return own;
  const opening = requestDevice();
  own = opening;
  const forget = () => {
    if (own === opening) own = undefined;
  };
  opening.then((device) => device.lost.then(forget), forget);
  return opening;
}

async function requestAdapter(): Promise<GPUAdapter> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu) throw new DeviceError(`There is no WebGPU here: navigator.gpu is missing. ${whyMissing()}`);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new DeviceError(
      "WebGPU has no adapter: the browser found no GPU that it trusts. chrome://gpu says why; --enable-unsafe-webgpu may help.",
    );
  }
  return adapter;
}

async function requestDevice(): Promise<GPUDevice> {
  const adapter = await requestAdapter();
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

/**
 * Runs `allocate` and turns what the device objects to into a DeviceError that says what could not be had. What the device
 * could hold of it is released then.
 */
export async function allocating<T extends { release(): void }>(
  gpu: Gpu,
  what: string,
  allocate: () => Promise<T>,
): Promise<T> {
  const { device } = gpu;
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const [result] = await Promise.allSettled([allocate()]);
  const invalid = await device.popErrorScope();
  const memory = await device.popErrorScope();
  if (result.status === "rejected") throw result.reason;
  const error = invalid ?? memory;
  try {
    if (error) throw new DeviceError(`${gpu.adapter} cannot hold ${what}: ${error.message}`);
    gpu.check();
    return result.value;
  } catch (cause) {
    result.value.release();
    throw cause;
  }
}

/** What the device itself reported says more than the readback that failed of it. */
export async function explained(gpu: Gpu, cause: unknown): Promise<unknown> {
  await yieldToEventLoop(); // a loss may be reported after what failed of it
  gpu.check();
  if (cause instanceof SmighError) return cause;
  return new DeviceError(`${gpu.adapter} stopped: ${String(cause)}`, { cause });
}
