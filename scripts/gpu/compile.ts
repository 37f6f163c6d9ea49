/**
 * Compiles the GPU kernels through Dawn for the Vulkan driver that the environment names, and writes a line
 * with the number of each to stderr before the driver writes what it made of it. check-gpu.ts runs this.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { create, globals } from "webgpu";
import { gpuKernels } from "./kernels.js";

Object.assign(globalThis, globals);
// Referenced for as long as the device is used: Dawn crashes if its instance is garbage-collected first.
const gpu = create(["backend=vulkan"]);
const adapter = await gpu.requestAdapter();
if (!adapter) throw new Error("Dawn found no Vulkan adapter.");
const device = await adapter.requestDevice({
  requiredFeatures: ["subgroups"],
  requiredLimits: { maxStorageBuffersPerShaderStage: 10 },
});
const { vendor, architecture, description } = adapter.info;
console.log(`${vendor} ${architecture}, ${description}`);
for (const [number, { text, shader }] of gpuKernels().entries()) {
  writeSync(2, `\n@kernel ${number}\n`); // at once, in order with what the driver writes
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: shader, code: text });
  device.createComputePipeline({ layout: "auto", compute: { module } });
  const error = await device.popErrorScope();
  if (error) throw new Error(`${shader}: ${error.message}`);
}
process.exit(0); // Dawn keeps the process alive for as long as its instance is referenced.
