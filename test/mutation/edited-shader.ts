/** Edits the text of a shader, for tests that must detect a wrong kernel. */
import { expect } from "vitest";
import { type Edited, KERNELS, type KernelName } from "../../src/engine/webgpu/kernels/kernels.js";

/** The kernel's text with one edit of text that occurs exactly once in it. */
export function edited(kernel: KernelName, [from, to]: readonly [string, string]): Edited {
  const { source } = KERNELS[kernel];
  expect(source.split(from), `"${from}" stands once in ${kernel}.wgsl`).toHaveLength(2);
  return { [kernel]: source.replace(from, to) };
}
