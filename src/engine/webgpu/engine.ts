/**
 * The WebGPU engine: rows, weights and moments live on the device; the passes are the shaders in `shaders/`.
 */
import type { Engine } from "../engine.js";
import { type Capacity, capacityOf } from "./device/capacity.js";
import { openGpu } from "./device/device.js";
import type { Edited } from "./kernels/kernels.js";
import { placeOnGpu } from "./placement.js";
import { checkTargets, sharding } from "./kernels/tiling.js";

export interface WebGpuOptions {
  /** A device to share; it is left open. Default: smigh's own device. */
  readonly device?: GPUDevice | undefined;
  /** Milliseconds that the browser may take for an adapter, and for a device. Default 60,000. */
  readonly patience?: number | undefined;
  /** For tests: capacities below the adapter's own, and kernels that are wrong. */
  readonly capacity?: Partial<Capacity>;
  readonly edited?: Edited;
}

/** Opens the engine. Throws a DeviceError if there is no adapter or its device is lost. */
export async function webgpuEngine({
  device,
  patience,
  capacity,
  edited = {},
}: WebGpuOptions = {}): Promise<Engine> {
  const gpu = await openGpu(device, patience);
  const held = { ...capacityOf(gpu), ...capacity };
  return {
    name: "webgpu",
    adapter: gpu.adapter,
    async place(rows) {
      checkTargets(rows, held);
      const placed = await placeOnGpu(gpu, rows, sharding(rows, held));
      return {
        async descent(problem, weights) {
          const { WebGpuDescent } = await import("./descent/descent.js");
          return WebGpuDescent.create(rows, placed, problem, held, weights, edited);
        },
        async objective(problem) {
          const { WebGpuObjective } = await import("./objective/objective.js");
          return WebGpuObjective.create(rows, placed, problem, held, edited);
        },
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close() {}, // the device stays open for the next engine
  };
}
