/** `model.reasonCode` says to programs why a training ended, and a model file keeps it. */
import { expect, test } from "vitest";
import { ModelFileError, type TrainOptions, loadModel, train, trainer } from "../../../src/index.js";
import { clouds } from "../../support/examples.js";

const data = clouds(90, 3, 3, 0.8);
const far = clouds(90, 3, 3, 3); // separable

test.each<{ code: string; options: TrainOptions<number>; of?: typeof data }>([
  { code: "converged", options: {} },
  { code: "converged", options: { solver: "newton" } },
  { code: "converged", options: { l1: 0.01 } },
  { code: "max-iterations", options: { maxIterations: 2 } },
  { code: "epochs", options: { solver: "adam", epochs: 2 } },
  { code: "patience", options: { validation: 0.3, patience: 1, C: 1e6, tolerance: 0 } },
  { code: "separable", options: { l2: 0 }, of: far },
  { code: "separable", options: { l2: 0, solver: "newton" }, of: far },
])("it is $code with $options", async ({ code, options, of = data }) => {
  const model = await train(of, { engine: "reference", ...options });
  expect({ code: model.reasonCode, converged: model.converged }).toEqual({
    code,
    converged: code === "converged",
  });
});

test("it is aborted where the caller leaves the loop", async () => {
  const training = trainer(data, { engine: "reference", solver: "adam", epochs: 50, batchSize: 10 });
  for await (const { iteration } of training) if (iteration > 0) break;
  expect(training.model.reasonCode).toBe("aborted");
});

test("a file keeps it, may lack it, and is refused with another", async () => {
  const model = await train(data, { engine: "reference" });
  const file = model.toJSON();
  expect(loadModel(await model.save()).reasonCode).toBe("converged");
  const { reasonCode: _, ...older } = file.training;
  expect(loadModel({ ...file, training: older }).reasonCode).toBeUndefined();
  const other = { ...file, training: { ...file.training, reasonCode: "tired" } };
  expect(() => loadModel(JSON.stringify(other))).toThrow(ModelFileError);
  expect(() => loadModel(JSON.stringify(other))).toThrow(
    /training\.reasonCode is "tired", .*one of converged/,
  );
});
