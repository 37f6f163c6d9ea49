/** Finds the adapter, and opens devices on it. */
import { DeviceError, OptionError, SmighError } from "../../../core/errors.js";
import type { EngineOptions } from "../../engine.js";
import { requiredLimits } from "./capacity.js";
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

/** Features that the kernels make use of. */
const FEATURES: readonly string[] = ["subgroups", "subgroup-size-control"];

/** Milliseconds that the browser may take for an adapter or a device, if there is no other engine. */
export const PATIENCE_MS = 60_000;

/** What a page may say about the adapter that it wants. In Node part of a name will do as well. */
export const POWER_PREFERENCES = ["high-performance", "low-power"] as const;

/** Which adapter is wanted, and how many milliseconds it and its device may take, each. */
export interface AdapterRequest {
  readonly adapter: string;
  readonly patience: number;
}

const NO_ADAPTER =
  "WebGPU has no adapter: the browser found no GPU that it trusts, or its GPU process crashed. chrome://gpu says why; " +
  "restart the browser, or start it with --enable-unsafe-webgpu.";

/**
 * Finds the adapter that `openDevice` would use, without opening a device.
 *
 * @throws DeviceError if there is no adapter
 * @throws OptionError if the adapter is named in a page
 */
export async function findAdapter({
  adapter = POWER_PREFERENCES[0],
  patience = PATIENCE_MS,
}: EngineOptions = {}): Promise<AdapterName> {
  return nameAdapter(await requestAdapter({ adapter, patience }));
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

export async function nameAdapter(adapter: GPUAdapter): Promise<AdapterName> {
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
 * @throws DeviceError if there is no adapter or no device
 * @throws OptionError if the adapter is named in a page
 */
export async function openDevice(wanted: AdapterRequest): Promise<OwnDevice> {
  const adapter = await requestAdapter(wanted);
  // TypeScript does not know all names of features.
  const isOffered = (name: string): name is GPUFeatureName => adapter.features.has(name);
  const device = await answerOf("requestDevice", wanted.patience, () =>
    adapter.requestDevice({
      label: "smigh",
      requiredFeatures: FEATURES.filter(isOffered),
      requiredLimits: requiredLimits(adapter.limits),
    }),
  );
  return { device, name: await nameAdapter(adapter) };
}

/** An implementation of WebGPU, and what to say where it has no adapter. */
interface Implementation {
  readonly gpu: GPU;
  readonly noAdapter: string;
}

async function requestAdapter({ adapter: wanted, patience }: AdapterRequest): Promise<GPUAdapter> {
  const powerPreference = POWER_PREFERENCES.find((one) => one === wanted);
  const name = powerPreference === undefined ? wanted : undefined;
  let noAdapter = "";
  const adapter = await answerOf("requestAdapter", patience, async () => {
    const { gpu, ...found } = await findWebGpu(name);
    noAdapter = found.noAdapter;
    const options: GPURequestAdapterOptions = powerPreference === undefined ? {} : { powerPreference };
    // An adapter of the compatibility level may have all that kernels take, and is there where no other is.
    return (
      (await gpu.requestAdapter(options)) ??
      (await gpu.requestAdapter({ ...options, featureLevel: "compatibility" }))
    );
  });
  if (adapter) return adapter;
  throw new DeviceError(noAdapter);
}

/** Returns the WebGPU of the page, or the one that is installed for Node, which can be of a named adapter. */
export async function findWebGpu(name?: string): Promise<Implementation> {
  const gpu = globalThis.navigator?.gpu;
  if (gpu) {
    if (name === undefined) return { gpu, noAdapter: NO_ADAPTER };
    throw new OptionError(
      `adapter is ${JSON.stringify(name)}, and a page can choose only between ${POWER_PREFERENCES.map((one) => `"${one}"`).join(" and ")}.`,
    );
  }
  if (!isNode()) throw new DeviceError(`There is no WebGPU here: navigator.gpu is missing. ${whyMissing()}`);
  const { openDawn, NO_DAWN_ADAPTER } = await import("./dawn.js");
  return { gpu: await openDawn(name), noAdapter: NO_DAWN_ADAPTER };
}

export function isNode(): boolean {
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
    if (cause instanceof SmighError) throw cause;
    throw new DeviceError(`WebGPU's ${name} failed: ${String(cause)}`, { cause });
  }
}

function whyMissing(): string {
  return globalThis.isSecureContext === false
    ? "A page has it only over https or on localhost."
    : "Chrome and Edge have it from 113, Safari from 26.";
}
