/** Lists the adapters of a machine, for people. */
import { lackOf } from "./capacity.js";
import { type AdapterName, POWER_PREFERENCES, findWebGpu, isNode, nameAdapter } from "./adapter.js";

export interface ListedAdapter extends AdapterName {
  /** Values of the option `adapter` that it answers to, and other ways to ask for it. */
  readonly answersTo: readonly string[];
  readonly limits: GPUSupportedLimits;
  readonly subgroups: boolean;
  /** It has the compatibility level of WebGPU alone. */
  readonly compatibility: boolean;
  /** The limit that is too small for the kernels, in words. */
  readonly lack: string | undefined;
}

/** Ways to ask for an adapter. */
const ASKED: readonly (readonly [string, GPURequestAdapterOptions])[] = [
  ...POWER_PREFERENCES.map((powerPreference) => [powerPreference, { powerPreference }] as const),
  ["fallback", { forceFallbackAdapter: true }],
  ["compatibility", { featureLevel: "compatibility" }],
];

/**
 * Asks for an adapter in all ways, in Node also by name. Adapters of the same name count as one.
 *
 * @throws DeviceError if there is no WebGPU
 */
export async function listAdapters(): Promise<ListedAdapter[]> {
  const found = new Map<string, ListedAdapter>();
  const add = async (answersTo: string, adapter: GPUAdapter | null) => {
    if (!adapter) return;
    const name = await nameAdapter(adapter);
    const before = found.get(name.adapter);
    const compatibility = !adapter.features.has("core-features-and-limits") && answersTo === "compatibility";
    found.set(name.adapter, {
      ...(before ?? {
        ...name,
        limits: adapter.limits,
        subgroups: adapter.features.has("subgroups"),
        compatibility,
        lack: lackOf(adapter.limits),
      }),
      answersTo: [...(before?.answersTo ?? []), answersTo],
    });
  };
  const { gpu } = await findWebGpu();
  for (const [name, options] of ASKED) await add(name, await gpu.requestAdapter(options).catch(() => null));
  if (globalThis.navigator?.gpu || !isNode()) return [...found.values()];
  const { dawnAdapters, openDawn } = await import("./dawn.js");
  for (const name of await dawnAdapters()) {
    const named = await openDawn(name);
    await add(JSON.stringify(name), await named.requestAdapter().catch(() => null));
  }
  return [...found.values()];
}
