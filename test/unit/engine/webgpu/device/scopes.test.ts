/** Tests error scopes, on a device that keeps a stack of them as a real one does. */
import { expect, test } from "vitest";
import { scoped } from "../../../../../src/engine/webgpu/device/scopes.js";

/** A device whose scopes catch the errors that `fail` raises, the innermost scope of that kind first. */
function fakeDevice() {
  const stack: { filter: string; error: Error | null }[] = [];
  const device = {
    pushErrorScope: (filter: string) => void stack.push({ filter, error: null }),
    popErrorScope: async () => stack.pop()?.error ?? null,
  };
  const fail = (filter: string) => {
    const scope = stack.findLast((one) => one.filter === filter);
    if (scope) scope.error ??= new Error(filter);
  };
  return { stack, fail, call: <T>(work: () => T) => Reflect.apply(scoped<T>, undefined, [device, work]) };
}

test("the value comes at once, and no error later", async () => {
  const { stack, call } = fakeDevice();
  const { value, error } = call(() => 7);
  expect([value, stack.length]).toEqual([7, 0]);
  expect(await error).toBeNull();
});

test("running out of memory goes before the errors that follow from it", async () => {
  const { fail, call } = fakeDevice();
  const { error } = call(() => {
    fail("out-of-memory");
    fail("validation");
  });
  expect(await error).toMatchObject({ message: "out-of-memory" });
});

test("what the call throws is thrown, and the stack is as it was", () => {
  const { stack, call } = fakeDevice();
  const failing = () =>
    call(() => {
      throw new RangeError("no");
    });
  expect(failing).toThrow("no");
  expect(stack).toEqual([]);
});
