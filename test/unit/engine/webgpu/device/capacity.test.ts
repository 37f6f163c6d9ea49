/** Tests what is asked of a device, and that kernels keep to what it has. */
import { expect, test } from "vitest";
import {
  capacityOf,
  capacityWithin,
  lackOf,
  registersOf,
  requiredLimits,
} from "../../../../../src/engine/webgpu/device/capacity.js";
import { choices, nameOf } from "../../../../../src/engine/webgpu/kernels/choice.js";
import type { Tiling } from "../../../../../src/engine/webgpu/kernels/tiling.js";
import { shapeOf } from "../../../../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../../../../src/engine/webgpu/kernels/cut-steps.js";

const CORE = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
  maxStorageBuffersPerShaderStage: 8,
};
const COMPATIBILITY = { ...CORE, maxComputeInvocationsPerWorkgroup: 128, maxComputeWorkgroupSizeX: 128 };

/** Calls a function that takes the limits of a device with these alone. */
const call = <T>(of: (limits: GPUSupportedLimits) => T, limits: object): T =>
  Reflect.apply(of, undefined, [limits]);

test("a device is asked for what kernels make use of, as far as the adapter has it", () => {
  expect(call(requiredLimits, CORE)).toEqual(CORE);
  expect(call(requiredLimits, COMPATIBILITY)).toEqual(COMPATIBILITY);
  const large = Object.fromEntries(Object.keys(CORE).map((name) => [name, 2 ** 30]));
  expect(call(requiredLimits, large)).toEqual({
    ...CORE,
    maxBufferSize: 2 ** 30,
    maxStorageBufferBindingSize: 2 ** 30,
    maxStorageBuffersPerShaderStage: 10,
  });
});

test("what core and compatibility promise is enough, and less is named", () => {
  expect(call(lackOf, CORE)).toBeUndefined();
  expect(call(lackOf, COMPATIBILITY)).toBeUndefined();
  expect(call(lackOf, { ...COMPATIBILITY, maxStorageBuffersPerShaderStage: 4 })).toBe(
    "its maxStorageBuffersPerShaderStage is 4, and the kernels take 8",
  );
  expect(call(lackOf, { ...CORE, maxComputeInvocationsPerWorkgroup: 64 })).toBe(
    "its maxComputeInvocationsPerWorkgroup is 64, and the kernels take 128",
  );
});

test("threads are those of the device, 256 at most", () => {
  const threadsOf = (limits: object): number =>
    Reflect.apply(capacityOf, undefined, [{ limits, features: new Set() }, false]).threads;
  expect(threadsOf(CORE)).toBe(256);
  expect(threadsOf(COMPATIBILITY)).toBe(128);
  expect(
    threadsOf({ ...CORE, maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupSizeX: 1024 }),
  ).toBe(256);
});

test("registers are few by the vendor, and Intel's more in subgroups of the least size", () => {
  const control = new Set(["subgroups", "subgroup-size-control"]);
  const none = new Set(["subgroups"]);
  const intel = { vendor: "intel", subgroupMinSize: 8, subgroupMaxSize: 32 };
  expect(registersOf(intel, control)).toEqual({ registers: 128, subgroupSize: 8 });
  expect(registersOf({ ...intel, subgroupMinSize: 16 }, control)).toEqual({
    registers: 128,
    subgroupSize: 16,
  });
  expect(registersOf(intel, none)).toEqual({ registers: 64, subgroupSize: 0 });
  for (const vendor of ["arm", "qualcomm"])
    expect(registersOf({ vendor, subgroupMinSize: 16 }, control)).toEqual({ registers: 64, subgroupSize: 0 });
  for (const info of [{ vendor: "amd", subgroupMinSize: 32 }, { vendor: "" }, undefined])
    expect(registersOf(info, control)).toEqual({ registers: Infinity, subgroupSize: 0 });
});

/** Threads of a workgroup of the products. */
function threadsOf(cut: Tiling): number {
  return cut.kind === "tiled" ? cut.threads * cut.tileThreads : cut.workgroup;
}

test.each([128, 256])("every candidate of every shape keeps to %i threads", (threads) => {
  const seen = new Set<string>();
  for (const slow of [true, false]) {
    const held = { bindingBytes: 2 ** 27, storageBuffers: 8, subgroups: true, slow, threads };
    for (const registers of slow ? [Infinity] : [Infinity, 128, 64]) {
      const capacity = capacityWithin({ ...held, registers });
      for (const features of [1, 60, 480, 500, 520, 1000, 1020, 4000]) {
        for (const classes of [2, 5, 12, 24, 130, 1000]) {
          for (const batchSize of [1, 100, 4096]) {
            const rows = { count: 5000, features, x: { BYTES_PER_ELEMENT: 4 } };
            const shape = Reflect.apply(shapeOf, undefined, [rows, classes, batchSize, capacity]);
            for (const choice of choices(shape, capacity)) {
              const cut: Tiling = Reflect.apply(cutSteps, undefined, [
                rows,
                classes,
                batchSize,
                capacity,
                choice,
              ]);
              expect(threadsOf(cut), `${nameOf(choice)} of ${features} × ${classes}`).toBeLessThanOrEqual(
                threads,
              );
              seen.add(`${choice.kind} ${choice.sharing}`);
            }
          }
        }
      }
    }
  }
  expect(seen.has("tiled shared")).toBe(threads === 256);
  expect([...seen]).toEqual(expect.arrayContaining(["fused none", "split none", "tiled none"]));
});
