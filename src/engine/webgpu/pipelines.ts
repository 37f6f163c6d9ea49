import type { Gpu } from "./device.js";
import { type Binding, type Edited, KERNELS, type KernelName } from "./kernels.js";
import { DeviceError } from "../../errors.js";

/** A compiled kernel. */
export interface Pipeline {
  readonly name: KernelName;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** Bindings by their names in the table, in order. */
  readonly bindings: readonly string[];
}

const BUFFERS: Readonly<Record<Binding, GPUBufferBindingLayout>> = {
  uniform: { type: "uniform", hasDynamicOffset: true },
  constant: { type: "uniform" },
  read: { type: "read-only-storage" },
  write: { type: "storage" },
};

/** Compiles a kernel without blocking. Throws a DeviceError with the compiler's message when it does not compile. */
export async function compile(
  gpu: Gpu,
  name: KernelName,
  constants: Readonly<Record<string, number>>,
  edited: Edited,
): Promise<Pipeline> {
  const { device } = gpu;
  const kernel = KERNELS[name];
  const layout = device.createBindGroupLayout({
    label: `${name} bindings`,
    entries: Object.values(kernel.bindings).map((kind, binding) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: BUFFERS[kind],
    })),
  });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ label: name, bindGroupLayouts: [layout] }),
      compute: {
        module: device.createShaderModule({ label: `${name}.wgsl`, code: edited[name] ?? kernel.source }),
        constants: { ...constants },
      },
    });
    return { name, pipeline, layout, bindings: Object.keys(kernel.bindings) };
  } catch (cause) {
    throw new DeviceError(`${gpu.adapter} cannot compile ${name}.wgsl: ${String(cause)}`, { cause });
  }
}

/** Binds buffers by the names of the table. A uniform's range is that of one entry. */
export function bind(
  device: GPUDevice,
  { name, layout, bindings }: Pipeline,
  buffers: Readonly<Record<string, GPUBufferBinding>>,
): GPUBindGroup {
  return device.createBindGroup({
    label: name,
    layout,
    entries: bindings.map((binding, number) => ({ binding: number, resource: buffers[binding] })),
  });
}
