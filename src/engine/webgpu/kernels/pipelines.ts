/** Kernels on a device: compiling pipelines, binding buffers and dispatching. */
import { DeviceError } from "../../../core/errors.js";
import type { Gpu } from "../device/device.js";
import { type Binding, type Kernel, kernelOf } from "./kernel.js";
import { type KernelName, loadKernel } from "./kernels.js";
import { scoped } from "../device/scopes.js";
import { type Specialisation, specialise } from "./specialise.js";
import { GPUShaderStage } from "../device/flags.js";

/** Bytes between two entries of a uniform: the largest alignment that an implementation may require. */
export const ENTRY_BYTES = 256;

/** Most pipelines kept on a device for later fits. */
const KEPT_PIPELINES = 128;

const BUFFERS: Readonly<Record<Binding["kind"], GPUBufferBindingLayout>> = {
  uniform: { type: "uniform", hasDynamicOffset: true },
  constant: { type: "uniform" },
  read: { type: "read-only-storage" },
  write: { type: "storage" },
};

export interface Compiled {
  readonly name: KernelName;
  readonly bindings: Kernel["bindings"];
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Buffers, or ranges of them, by the names of the bindings that take them. */
export type Bindings = Readonly<Record<string, GPUBuffer | GPUBufferBinding>>;

/** A compiled kernel with its buffers. */
export interface Bound {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/** Loads a kernel and compiles it without blocking. Throws a DeviceError with the compiler's message. */
export async function compiled(
  gpu: Gpu,
  name: KernelName,
  specialisation: Specialisation,
): Promise<Compiled> {
  const { source, constants } = await loadKernel(name);
  const code = specialise(gpu.edited[name] ?? source, {
    when: specialisation.when,
    constants: Object.fromEntries(
      constants.map((constant) => [constant, given(name, constant, specialisation)]),
    ),
  });
  const { bindings } = kernelOf(code);
  const layout = gpu.run(() =>
    gpu.device.createBindGroupLayout({
      label: `${name} bindings`,
      entries: bindings.map(({ number, kind }) => ({
        binding: number,
        visibility: GPUShaderStage.COMPUTE,
        buffer: BUFFERS[kind],
      })),
    }),
  );
  return { name, bindings, pipeline: await pipelineOf(gpu, name, code, layout), layout };
}

/** Binds buffers by the names of the kernel's bindings. A uniform's range is one entry, of so many bytes. */
export function bind(
  { device }: Gpu,
  { name, bindings, pipeline, layout }: Compiled,
  buffers: Bindings,
  entryBytes = ENTRY_BYTES,
): Bound {
  const group = device.createBindGroup({
    label: name,
    layout,
    entries: bindings.map(({ name: binding, number, kind }) => ({
      binding: number,
      resource: { ...rangeOf(buffers[binding]), ...(kind === "uniform" && { size: entryBytes }) },
    })),
  });
  return { pipeline, group };
}

function rangeOf(bound: GPUBuffer | GPUBufferBinding): GPUBufferBinding {
  return "buffer" in bound ? bound : { buffer: bound };
}

/** Compiles a kernel and binds its buffers. */
export async function bound(
  gpu: Gpu,
  name: KernelName,
  specialisation: Specialisation,
  buffers: Bindings,
): Promise<Bound> {
  const kernel = await compiled(gpu, name, specialisation);
  return gpu.run(() => bind(gpu, kernel, buffers));
}

/** Returns the pipeline of a kernel's source, from a cache for all engines on a device (oldest out first). */
function pipelineOf(
  gpu: Gpu,
  name: KernelName,
  code: string,
  layout: GPUBindGroupLayout,
): Promise<GPUComputePipeline> {
  const { pipelines } = gpu.state;
  const found = pipelines.get(code);
  if (found) return gpu.answered(found);
  const compiling = compile(gpu, name, code, layout);
  pipelines.set(code, compiling);
  compiling.catch(() => pipelines.delete(code));
  const [oldest] = pipelines.keys();
  if (pipelines.size > KEPT_PIPELINES && oldest !== undefined) pipelines.delete(oldest);
  return compiling;
}

async function compile(
  gpu: Gpu,
  name: KernelName,
  code: string,
  layout: GPUBindGroupLayout,
): Promise<GPUComputePipeline> {
  const { device, adapter } = gpu;
  const module = await createModule(gpu, name, code);
  const createPipeline = () =>
    device.createComputePipelineAsync({
      label: name,
      layout: device.createPipelineLayout({ label: name, bindGroupLayouts: [layout] }),
      compute: { module },
    });
  try {
    return await gpu.untilLost(gpu.run(createPipeline));
  } catch (cause) {
    const { messages } = await gpu.answered(module.getCompilationInfo());
    const why = messages
      .map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}`)
      .join("; ");
    const refused = new DeviceError(`${adapter} cannot compile ${name}.wgsl: ${why || String(cause)}`, {
      cause,
    });
    throw await gpu.explained(refused);
  }
}

/** Throws a DeviceError where the device fails. Faulty code fails when its pipeline is created. */
async function createModule(gpu: Gpu, name: KernelName, code: string): Promise<GPUShaderModule> {
  const { device } = gpu;
  try {
    // A compile error also reaches these scopes, where it is ignored: creating the pipeline fails with it.
    return scoped(device, () => device.createShaderModule({ label: `${name}.wgsl`, code })).value;
  } catch (cause) {
    throw await gpu.explained(cause);
  }
}

/** Dispatches a kernel with the uniform's n-th entry. */
export function dispatch(
  pass: GPUComputePassEncoder,
  kernel: Bound,
  n: number,
  x: number,
  y = 1,
  z = 1,
): void {
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.group, [n * ENTRY_BYTES]);
  pass.dispatchWorkgroups(x, y, z);
}

function given(name: KernelName, constant: string, { constants }: Specialisation): number | boolean {
  if (constant in constants) return constants[constant];
  throw new Error(`${name}.wgsl has the constant ${constant}, and nothing gives its value.`);
}
