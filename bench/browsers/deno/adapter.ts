/** Requests the WebGPU adapter in Deno. */
import process from "node:process";

/** Keeps adapters alive: Deno panics if a device's `adapterInfo` is read after the adapter was collected. */
const kept: (GPUAdapter | null)[] = [];
const { gpu } = navigator;
const requestAdapter = gpu.requestAdapter.bind(gpu);
gpu.requestAdapter = async (options) => {
  const adapter = await requestAdapter(options);
  kept.push(adapter);
  return adapter;
};

/** The adapter's name, such as "llvmpipe (LLVM 15.0.6, 256 bits)". Exits with status 1 if there is none. */
export async function adapterOrExit(): Promise<string> {
  const adapter = await gpu.requestAdapter();
  if (adapter) return adapter.info.description || adapter.info.vendor || "an adapter without a name";
  console.error(
    "Deno found no WebGPU adapter. Install a driver for Vulkan, Metal or DirectX 12: a GPU's, or a software one " +
      "(Debian and Ubuntu: mesa-vulkan-drivers).",
  );
  process.exit(1);
}
