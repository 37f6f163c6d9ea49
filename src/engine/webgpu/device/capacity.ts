/** The capacity of a WebGPU device: what it can hold, and what it is good at. */

export interface Capacity {
  /** Most bytes in one binding. */
  readonly bindingBytes: number;
  /** A software adapter: few threads, a hundred times slower, and best with much work in registers. */
  readonly slow: boolean;
  /** Most storage buffers that a kernel can bind. */
  readonly storageBuffers: number;
  /** Subgroups are available, so lanes can share what they load. */
  readonly subgroups: boolean;
  /** Most rows in a block. Default: as many as fit. */
  readonly blockRows?: number;
  /** Most multiply-adds in a dispatch. Default: by the adapter's speed. */
  readonly dispatchMacs?: number;
  /** The kind of kernels to use, if the shape allows it. Default: the best guess. */
  readonly kind?: "steps" | "fused" | "split" | "tiled";
}

/** Returns the capacity of a device, whose adapter is software if it is `slow`. */
export function capacityOf({ limits, features }: GPUDevice, slow: boolean): Capacity {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = limits;
  return {
    bindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    slow,
    storageBuffers: maxStorageBuffersPerShaderStage,
    subgroups: features.has("subgroups"),
  };
}

/** Storage buffers that the kernel of whole steps binds. */
export const WHOLE_BUFFERS = 10;
