/**
 * Compiles the GPU kernels through Dawn for the Vulkan driver that the environment names, and writes a line
 * with what each is to stderr before the driver writes what it made of it. check-gpu.ts runs this.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { create, globals } from "webgpu";
import { capacityWithin, registersOf } from "../../src/engine/webgpu/device/capacity.js";
import { gpuKernels } from "./kernels.js";

Object.assign(globalThis, globals);
// Referenced for as long as the device is used: Dawn crashes if its instance is garbage-collected first.
const gpu = create(["backend=vulkan"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn found no Vulkan adapter.");
const { info, features } = adapter;
const isOffered = (name: string): name is GPUFeatureName => features.has(name);
const device = await adapter.requestDevice({
  requiredFeatures: ["subgroups", "subgroup-size-control"].filter(isOffered),
  requiredLimits: { maxStorageBuffersPerShaderStage: 10 },
});
console.log(`${info.vendor} ${info.architecture}, ${info.description}`);

/** A large GPU of that vendor, first with all features that the engine makes use of. */
const capacities = [features, new Set<string>()].map((offered) =>
  capacityWithin({
    bindingBytes: 2 ** 31 - 4,
    slow: false,
    storageBuffers: 10,
    subgroups: true,
    ...registersOf(info, offered),
  }),
);
const distinct = capacities.filter(
  ({ subgroupSize }, n) => n === 0 || subgroupSize !== capacities[0].subgroupSize,
);
for (const { text, ...kernel } of gpuKernels(distinct)) {
  writeSync(2, `\n@kernel ${JSON.stringify(kernel)}\n`); // at once, in order with what the driver writes
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: kernel.shader, code: text });
  device.createComputePipeline({ layout: "auto", compute: { module } });
  const error = await device.popErrorScope();
  if (error) throw new Error(`${kernel.shader}: ${error.message}`);
}
process.exit(0); // Dawn keeps the process alive for as long as its instance is referenced.
