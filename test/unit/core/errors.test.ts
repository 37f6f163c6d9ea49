/** Tests that errors have names, and a common class. */
import { expect, test } from "vitest";
import * as errors from "../../../src/core/errors.js";

test.each(Object.entries(errors))("%s has its own name and is a SmighError", (name, Class) => {
  const error: Error =
    name === "DivergenceError" ? new errors.DivergenceError(3, "why") : Reflect.construct(Class, ["why"]);
  expect(error).toBeInstanceOf(errors.SmighError);
  expect(String(error)).toBe(`${name}: why`);
});

test("a divergence has its step, and a cause is kept", () => {
  expect(new errors.DivergenceError(3, "why").step).toBe(3);
  expect(new errors.DataError("why", { cause: 7 }).cause).toBe(7);
});
