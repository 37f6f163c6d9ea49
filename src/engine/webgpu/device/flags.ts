/**
 * The bits of WebGPU's enumerations that the engine uses, as the specification numbers them. Node has no
 * globals of these names, also where a caller gives a device.
 */
export const GPUBufferUsage = {
  MAP_READ: 0x01,
  COPY_SRC: 0x04,
  COPY_DST: 0x08,
  UNIFORM: 0x40,
  STORAGE: 0x80,
};

export const GPUMapMode = { READ: 0x1 };

export const GPUShaderStage = { COMPUTE: 0x4 };
