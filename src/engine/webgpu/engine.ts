/**
 * The WebGPU engine: rows, weights and moments live on the device; the passes are the shaders in `shaders/`.
 */
import type { Engine } from "../engine.js";
import { WebGpuDescent } from "./descent/descent.js";
import { type GpuOptions, openGpu } from "./device/device.js";
import { WebGpuObjective } from "./objective/objective.js";
import { placeOnGpu } from "./placement.js";
import { checkTargets, sharding } from "./kernels/tiling.js";

/** Opens the engine. Throws a DeviceError if there is no adapter or its device is lost. */
export async function webgpuEngine(options: GpuOptions = {}): Promise<Engine> {
  const gpu = await openGpu(options);
  return {
    name: "webgpu",
    adapter: gpu.adapter,
    async place(rows) {
      checkTargets(rows, gpu.capacity);
      const placed = await placeOnGpu(gpu, rows, sharding(rows, gpu.capacity));
      return {
        descent: (problem, weights) => WebGpuDescent.create(placed, problem, weights),
        objective: (problem) => WebGpuObjective.create(placed, problem),
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close() {}, // the device stays open for the next engine
  };
}
