/** Runtimes and engines for tests: with wrong kernels, smaller capacities, and memory that can be counted. */
import type { Engine, EngineOptions } from "../../src/engine/engine.js";
import { EngineRuntime } from "../../src/engine/runtime.js";
import { WasmHost } from "../../src/engine/wasm/engine.js";
import type { Heap } from "../../src/engine/wasm/heap.js";
import type { WasmKernels } from "../../src/engine/wasm/module.js";
import { IdleResources, type Resources, createResources } from "../../src/engine/wasm/resources.js";
import { type Capacity, capacityWithin } from "../../src/engine/webgpu/device/capacity.js";
import { Gpu } from "../../src/engine/webgpu/device/device.js";
import { Devices } from "../../src/engine/webgpu/device/devices.js";
import { WebGpuHost } from "../../src/engine/webgpu/engine.js";
import type { Edited } from "../../src/engine/webgpu/kernels/kernels.js";

/** The device, and the idle threads and memory, of all runtimes of a test file. */
const devices = new Devices();
export const idleResources = new IdleResources();

export interface GpuEdits {
  /** Capacities in place of the adapter's own; with `slow`, in place of those of such an adapter. */
  readonly capacity?: Partial<Capacity>;
  /** Shaders in place of the library's. */
  readonly edited?: Edited;
}

export interface WasmEdits {
  /** Kernels in place of the library's. */
  readonly kernels?: WasmKernels;
  /** Memory whose blocks the test can count. */
  readonly heap?: Heap;
  readonly threads?: number;
}

/** Makes a runtime. Closing it leaves what the runtimes of the test file share. */
export function runtimeWith({
  capacity = {},
  edited = {},
  heap,
  ...wasm
}: GpuEdits & WasmEdits = {}): EngineRuntime {
  const edit = (gpu: Gpu) => {
    const { slow = gpu.capacity.slow } = capacity;
    return new Gpu({
      ...gpu,
      capacity: { ...capacityWithin({ ...gpu.capacity, slow }), ...capacity },
      edited,
    });
  };
  const open = async (...given: Parameters<Devices["open"]>) => edit(await devices.open(...given));
  const idle = heap ? new OnHeap(heap) : idleResources;
  return new EngineRuntime({
    webgpu: async () => new WebGpuHost({ open, close() {} }),
    wasm: async () => new WasmHost({ ...wasm, idle }),
  });
}

export type WebGpuOptions = EngineOptions & GpuEdits;

export function webgpuEngine({ device, ...edits }: WebGpuOptions = {}): Promise<Engine> {
  return runtimeWith(edits).open("webgpu", { device });
}

export function wasmEngine(edits: WasmEdits = {}): Promise<Engine> {
  return runtimeWith(edits).open("wasm");
}

/** Opens a handle on the device given, or on that of the test file. */
export function openGpu(device?: GPUDevice): Promise<Gpu> {
  return devices.open({ device });
}

/** Resources on one heap, which go to the others when they are idle. */
class OnHeap extends IdleResources {
  readonly #heap: Heap;

  constructor(heap: Heap) {
    super();
    this.#heap = heap;
  }

  override take(): Resources {
    return createResources(this.#heap);
  }

  override giveBack(resources: Resources): void {
    idleResources.giveBack(resources);
  }
}
