/**
 * Runs some WebGPU faults of every kind: each must end in the right weights or in an error that says what
 * happened.
 */
import { expect, test } from "vitest";
import { webgpuFaults } from "../../../faults/webgpu.js";

/** Every 73rd fault, and all that a page causes on a device that it shares. */
const few = webgpuFaults.filter(({ name }, n) => n % 73 === 0 || name.startsWith("sgd, shared"));

test.each(few)("$name", { timeout: 120_000 }, async ({ run }) => {
  expect(await run()).toMatch(/^(recovered|named)$/);
});
