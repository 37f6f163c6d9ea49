/** What a WebGPU device can hold, and what it is good at. */

/** What the adapter holds, and what it is good at. */
export interface Capacity {
  /** Bytes in one binding. */
  readonly bindingBytes: number;
  /** A software adapter: few threads, a hundred times slower, and best with much work in registers. */
  readonly slow: boolean;
  /** Storage buffers that a kernel can bind. */
  readonly storageBuffers: number;
  /** It has subgroups, whose lanes can share what each has loaded. */
  readonly subgroups: boolean;
  /** The most rows in a block, where they would be more. */
  readonly blockRows?: number;
  /** The most multiply-adds in a dispatch. */
  readonly dispatchMacs?: number;
  /** The kernels to use, where the shape allows them. */
  readonly kind?: "steps" | "fused" | "tiled";
}

export function capacityOf({
  device,
  slow,
}: {
  readonly device: GPUDevice;
  readonly slow: boolean;
}): Capacity {
  const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = device.limits;
  return {
    bindingBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
    slow,
    storageBuffers: maxStorageBuffersPerShaderStage,
    subgroups: device.features.has("subgroups"),
  };
}

export const WHOLE_BUFFERS = 10;
