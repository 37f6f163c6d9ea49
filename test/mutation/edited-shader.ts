import { expect } from "vitest";
import { type Edited, KERNELS, type KernelName } from "../../src/engine/webgpu/kernels/kernels.js";

/** The kernel's text with one edit of text that stands there once. */
export function edited(kernel: KernelName, [from, to]: readonly [string, string]): Edited {
  const { source } = KERNELS[kernel];
  expect(source.split(from), `"${from}" stands once in ${kernel}.wgsl`).toHaveLength(2);
  return { [kernel]: source.replace(from, to) };
}
