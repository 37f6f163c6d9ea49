/** Deno's half: the adapter that it finds. */
import process from "node:process";

/** Deno panics when a device is asked for its `adapterInfo` after the adapter has been collected. */
const kept: (GPUAdapter | null)[] = [];
const { gpu } = navigator;
const requestAdapter = gpu.requestAdapter.bind(gpu);
gpu.requestAdapter = async (options) => {
  const adapter = await requestAdapter(options);
  kept.push(adapter);
  return adapter;
};

/** "llvmpipe (LLVM 15.0.6, 256 bits)". Without an adapter it says so and ends the process. */
export async function adapterOrExit(): Promise<string> {
  const adapter = await gpu.requestAdapter();
  if (adapter) return adapter.info.description || adapter.info.vendor || "an adapter without a name";
  console.error(
    "Deno found no WebGPU adapter. Install a driver for Vulkan, Metal or DirectX 12: a GPU's, or a software one " +
      "(Debian and Ubuntu: mesa-vulkan-drivers).",
  );
  process.exit(1);
}
