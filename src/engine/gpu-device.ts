/** The type of a GPU device, also in programs without the types of WebGPU. */

/** The `GPUDevice` that a program's types declare, or its features that `train` checks. */
type Declared = typeof globalThis extends { GPUDevice: { prototype: infer Device } }
  ? Device
  : { readonly queue: object };

/**
 * The `GPUDevice` of the DOM, since TypeScript 6, or of `@webgpu/types`. Where neither is there, any object
 * with a queue. An interface keeps its name in declarations, where an alias would be resolved once and for
 * all.
 */
export interface GPUDevice extends Declared {}
