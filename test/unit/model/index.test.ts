/** The sub-path of the package for pages that only predict reads and applies a model that was trained. */
import { expect, test } from "vitest";
import { train } from "../../../src/index.js";
import { loadModel } from "../../../src/model/index.js";
import { clouds } from "../../support/examples.js";

test("a model that was saved predicts as the one that was trained", async () => {
  const { x, y, features } = clouds(60, 3, 3, 1);
  const model = await train({ x, y, features }, { engine: "reference" });
  const loaded = loadModel(await model.save());
  expect(loaded.predictProba(x)).toEqual(model.predictProba(x));
});
