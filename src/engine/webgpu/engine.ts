/**
 * The WebGPU engine: rows, weights and moments live on the device; the passes are the shaders in `shaders/`.
 */
import type { RuntimeClosedError } from "../../core/errors.js";
import type { Engine, EngineHost, EngineOptions } from "../engine.js";
import type { Gpu } from "./device/device.js";
import { Devices } from "./device/devices.js";
import { placeOnGpu } from "./placement.js";
import { checkTargets, sharding } from "./kernels/cut.js";

/** Opens WebGPU engines, and owns their device. */
export class WebGpuHost implements EngineHost {
  readonly #devices: Pick<Devices, "open" | "close">;

  constructor(devices: Pick<Devices, "open" | "close"> = new Devices()) {
    this.#devices = devices;
  }

  async open(options: EngineOptions): Promise<Engine> {
    return webgpuEngine(await this.#devices.open(options));
  }

  close(error: RuntimeClosedError): void {
    this.#devices.close(error);
  }
}

/** Returns the engine on an open device. */
export function webgpuEngine(gpu: Gpu): Engine {
  return {
    name: "webgpu",
    adapter: gpu.adapter,
    async place(rows) {
      checkTargets(rows, gpu.capacity);
      const placed = await placeOnGpu(gpu, rows, sharding(rows, gpu.capacity));
      return {
        async descent(problem, weights) {
          const { WebGpuDescent } = await import("./descent/descent.js");
          return WebGpuDescent.create(placed, problem, weights);
        },
        async objective(problem) {
          const { WebGpuObjective } = await import("./objective/objective.js");
          return WebGpuObjective.create(placed, problem);
        },
        async logits(problem) {
          const { WebGpuLogits } = await import("./objective/logits-pass.js");
          return WebGpuLogits.create(placed, problem);
        },
        weigh: (weights) => placed.weigh(weights),
        release: () => placed.release(),
      };
    },
    close() {}, // the device stays open for the next engine
  };
}
