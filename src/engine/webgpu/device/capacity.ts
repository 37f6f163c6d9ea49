/** The capacity of a WebGPU device: what it can hold, and what it is good at. */

/**
 * Whole steps in one workgroup, all passes of a block in one dispatch, threads that share rows by their
 * features, or tiles of classes.
 */
export const KERNEL_KINDS = ["steps", "fused", "split", "tiled"] as const;
export type KernelKind = (typeof KERNEL_KINDS)[number];

/** The limits and features of a device. */
interface DeviceLimits {
  /** Most bytes in one binding. */
  readonly bindingBytes: number;
  /** A software adapter: few threads, a hundred times slower, and best with much work in registers. */
  readonly slow: boolean;
  /** Most storage buffers that a kernel can bind. */
  readonly storageBuffers: number;
  /** Subgroups are available, so lanes can share what they load. */
  readonly subgroups: boolean;
  /** Most threads in a workgroup. Default 256, which all devices have but some of the compatibility level. */
  readonly threads?: number;
  /** Registers of a thread, of four bytes. Default Infinity: as many as the kernels take. */
  readonly registers?: number;
  /** Lanes of the subgroups that products ask for. Default 0: as many as the driver chooses. */
  readonly subgroupSize?: number;
}

export interface Capacity extends Required<DeviceLimits> {
  /** Most rows in a block. Fewer may fit. */
  readonly blockRows: number;
  /** Most multiply-adds in a dispatch. */
  readonly dispatchMacs: number;
  /** Kinds of kernels to choose from, where the shape allows one of them. */
  readonly kinds: readonly KernelKind[];
}

/**
 * Most multiply-adds in one dispatch: about 0.1 s on a software adapter (3 G/s), and no more on the slowest
 * integrated GPUs (20 to 40 G/s). Windows resets a device after 2 s.
 */
const DISPATCH_MACS = { slow: 3e8, fast: 4e9 };
/** Most threads that a kernel has in a workgroup. */
const MOST_THREADS = 256;
/**
 * Registers of a thread by the adapter's vendor, where they are few: on Mali and Adreno, and on Intel's GPUs
 * at the size of subgroups that Dawn chooses, which is twice the least. Subgroups of the least size have
 * twice as many.
 */
const FEW_REGISTERS: ReadonlyMap<string, number> = new Map([
  ["arm", 64],
  ["intel", 64],
  ["qualcomm", 64],
]);
/** Storage buffers that the kernel of whole steps binds. */
export const WHOLE_BUFFERS = 10;

/** Returns the capacity of a device, whose adapter is software if it is `slow`. */
export function capacityOf({ limits, features, adapterInfo }: GPUDevice, slow: boolean): Capacity {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = limits;
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX } = limits;
  return capacityWithin({
    bindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    slow,
    storageBuffers: maxStorageBuffersPerShaderStage,
    subgroups: features.has("subgroups"),
    threads: Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX, MOST_THREADS),
    ...registersOf(adapterInfo, features),
  });
}

/** Returns the registers of a thread, and the size of subgroups to ask for. Browsers may not tell. */
export function registersOf(
  { vendor = "", subgroupMinSize = 0 }: Partial<GPUAdapterInfo> = {},
  features: ReadonlySet<string>,
): Pick<Capacity, "registers" | "subgroupSize"> {
  const registers = FEW_REGISTERS.get(vendor) ?? Infinity;
  if (vendor !== "intel" || !features.has("subgroup-size-control")) return { registers, subgroupSize: 0 };
  return { registers: 2 * registers, subgroupSize: subgroupMinSize };
}

/** Returns the capacity of a device with these limits. */
export function capacityWithin(limits: DeviceLimits): Capacity {
  const dispatchMacs = DISPATCH_MACS[limits.slow ? "slow" : "fast"];
  return {
    threads: MOST_THREADS,
    registers: Infinity,
    subgroupSize: 0,
    ...limits,
    blockRows: Infinity,
    dispatchMacs,
    kinds: KERNEL_KINDS,
  };
}

/** Of some limits: the least with which kernels run, and the most that they make use of. */
const NEEDS = [
  ["maxComputeInvocationsPerWorkgroup", 128, MOST_THREADS],
  ["maxComputeWorkgroupSizeX", 128, MOST_THREADS],
  ["maxComputeWorkgroupStorageSize", 16_384, 16_384],
  ["maxStorageBuffersPerShaderStage", 8, WHOLE_BUFFERS],
] as const;

/** Returns the limits to open a device with: what the kernels make use of, as far as the adapter has it. */
export function requiredLimits(limits: GPUSupportedLimits): Record<string, number> {
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  const within = NEEDS.map(([name, , most]) => [name, Math.min(limits[name], most)] as const);
  return { maxBufferSize, maxStorageBufferBindingSize, ...Object.fromEntries(within) };
}

/**
 * Names the first limit that is too small for the kernels, with both numbers, or returns undefined. Only
 * adapters of the compatibility level can have such limits.
 */
export function lackOf(limits: GPUSupportedLimits): string | undefined {
  const lack = NEEDS.find(([name, least]) => limits[name] < least);
  return lack && `its ${lack[0]} is ${limits[lack[0]]}, and the kernels take ${lack[1]}`;
}
