/** Finds the adapter, and opens devices on it. */
import { DeviceError } from "../../../core/errors.js";
import { WHOLE_BUFFERS } from "./capacity.js";
import { withTimeout } from "./timeout.js";

/** An adapter's name and kind. */
export interface AdapterName {
  /** Such as "google swiftshader". */
  readonly adapter: string;
  /** A software adapter: a hundred times slower than a GPU, and with few threads. */
  readonly slow: boolean;
}

/** An open device and its adapter. */
export interface OwnDevice {
  readonly device: GPUDevice;
  readonly name: AdapterName;
}

/** Milliseconds that the browser may take for an adapter or a device, if there is no other engine. */
export const PATIENCE_MS = 60_000;

const NO_ADAPTER =
  "WebGPU has no adapter: the browser found no GPU that it trusts, or its GPU process crashed. chrome://gpu says why; " +
  "restart the browser, or start it with --enable-unsafe-webgpu.";

/**
 * Finds the adapter that `openDevice` would use, without opening a device.
 *
 * @param patience - milliseconds that the browser may take
 * @throws DeviceError if there is no adapter
 */
export async function findAdapter(patience = PATIENCE_MS): Promise<AdapterName> {
  return nameOf(await requestAdapter(patience));
}

/** Names an adapter by its information. Older browsers provide none, or less. */
export function nameFrom(
  info: Partial<GPUAdapterInfo> = {},
  isFallback = info.isFallbackAdapter,
): AdapterName {
  // Deno gives the vendor as a number.
  const names = [info.vendor, info.architecture, info.description].filter((name) => /\D/.test(name ?? ""));
  const adapter = names.join(" ") || "an adapter without a name";
  const slow = /swiftshader|llvmpipe|lavapipe|basic render/i.test(adapter);
  return { adapter, slow: isFallback || slow };
}

/** The API of Chrome before `info`, until 127. */
interface OlderAdapter {
  readonly isFallbackAdapter?: boolean;
  requestAdapterInfo?(): Promise<Partial<GPUAdapterInfo>>;
}

async function nameOf(adapter: GPUAdapter): Promise<AdapterName> {
  try {
    const older: GPUAdapter & OlderAdapter = adapter;
    const info: Partial<GPUAdapterInfo> | undefined = adapter.info ?? (await older.requestAdapterInfo?.());
    return nameFrom(info, info?.isFallbackAdapter ?? older.isFallbackAdapter);
  } catch {
    return nameFrom(); // a missing name is no reason to fail
  }
}

/**
 * Opens a device, with the limits and features that the kernels can use.
 *
 * @param patience - milliseconds that the browser may take for the adapter, and again for the device
 * @throws DeviceError if there is no adapter or no device
 */
export async function openDevice(patience: number): Promise<OwnDevice> {
  const adapter = await requestAdapter(patience);
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
  const device = await answerOf("requestDevice", patience, () =>
    adapter.requestDevice({
      label: "smigh",
      requiredFeatures: adapter.features.has("subgroups") ? ["subgroups"] : [],
      requiredLimits: {
        maxBufferSize,
        maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage: Math.min(maxStorageBuffersPerShaderStage, WHOLE_BUFFERS),
      },
    }),
  );
  return { device, name: await nameOf(adapter) };
}

/** An implementation of WebGPU, and what to say where it has no adapter. */
interface Implementation {
  readonly gpu: GPU;
  readonly noAdapter: string;
}

async function requestAdapter(patience: number): Promise<GPUAdapter> {
  let noAdapter = "";
  const adapter = await answerOf("requestAdapter", patience, async () => {
    const found = await findWebGpu();
    noAdapter = found.noAdapter;
    return found.gpu.requestAdapter({ powerPreference: "high-performance" });
  });
  if (adapter) return adapter;
  throw new DeviceError(noAdapter);
}

/** Returns the WebGPU of the page, or the one that is installed for Node. */
async function findWebGpu(): Promise<Implementation> {
  const gpu = globalThis.navigator?.gpu;
  if (gpu) return { gpu, noAdapter: NO_ADAPTER };
  if (!isNode()) throw new DeviceError(`There is no WebGPU here: navigator.gpu is missing. ${whyMissing()}`);
  const { openDawn, NO_DAWN_ADAPTER } = await import("./dawn.js");
  return { gpu: await openDawn(), noAdapter: NO_DAWN_ADAPTER };
}

function isNode(): boolean {
  const process: { readonly versions?: { readonly node?: string } } | undefined = Reflect.get(
    globalThis,
    "process",
  );
  return process?.versions?.node !== undefined;
}

/** Waits for an answer from WebGPU. Throws a DeviceError if WebGPU throws, rejects or does not answer. */
async function answerOf<T>(name: string, patience: number, ask: () => Promise<T>): Promise<T> {
  const asked = async () => ask(); // throwing becomes a rejection
  try {
    return await withTimeout(patience, `WebGPU's ${name}`, asked());
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause;
    throw new DeviceError(`WebGPU's ${name} failed: ${String(cause)}`, { cause });
  }
}

function whyMissing(): string {
  return globalThis.isSecureContext === false
    ? "A page has it only over https or on localhost."
    : "Chrome and Edge have it from 113, Safari from 26.";
}
