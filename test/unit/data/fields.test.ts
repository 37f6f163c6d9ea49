/** Tests that fields of data are checked by name. */
import { expect, test } from "vitest";
import { DataError } from "../../../src/core/errors.js";
import { checkFields } from "../../../src/data/fields.js";

test("known fields pass, and those that describe columns", () => {
  const columns = { featureNames: 8, schema: 9 };
  const data = { x: 1, y: 2, features: 3, scale: 4, weights: 5, offsets: 6, classes: 7, ...columns };
  expect(() => checkFields(data, "")).not.toThrow();
});

test.each([
  [{ labels: [] }, "labels is no field of data. Is y meant?"],
  [{ data: [] }, "data is no field of data. Is x meant?"],
  [{ X: [] }, "X is no field of data. Is x meant?"],
  [{ sample_weight: [] }, "sample_weight is no field of data. Is weights meant?"],
  [{ colour: [] }, "colour is no field of data. The fields are x, y, features,"],
  [{ base_margin: [] }, "base_margin is no field of data. Is offsets meant?"],
  [[[1]], "The data are a list of 1 values: pass an object such as { x, y }."],
  [Float32Array.of(1), "The data are a Float32Array"],
  [null, "The data are null"],
])("%o is refused", (data, message) => {
  expect(() => checkFields(data, "")).toThrow(DataError);
  expect(() => checkFields(data, "")).toThrow(message);
});

test("the place is said", () => {
  expect(() => checkFields({ label: 1 }, "validation.")).toThrow("validation.label is no field of data");
  expect(() => checkFields(3, "validation.")).toThrow("validation is 3: pass an object");
});
