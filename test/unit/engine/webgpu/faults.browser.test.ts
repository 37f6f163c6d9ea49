/**
 * Runs some WebGPU faults of every kind: each must end in the right weights or in an error that says what
 * happened.
 */
import { expect, test } from "vitest";
import { webgpuFaults } from "../../../faults/webgpu.js";

/** The last kernel that Newton's method compiles, once its objective is open. */
const late = webgpuFaults.findLast(({ name }) => /^newton: .* createShaderModule throws$/.test(name));
/** Every 73rd fault, and all that a page causes on a device that it shares. */
const few = webgpuFaults.filter(
  (fault, n) => n % 73 === 0 || fault === late || fault.name.startsWith("sgd, shared"),
);

test.each(few)("$name", { timeout: 120_000 }, async ({ run }) => {
  expect(await run()).toMatch(/^(recovered|named)$/);
});
