import { describe, expect, test } from "vitest";
import { type Option, defaultsOf, jobOf } from "../../bench/page/job.js";

const read = (texts: Partial<Record<Option, string>>) => jobOf((option) => texts[option]);

describe("jobOf", () => {
  test("reads what is there, and leaves the rest to the defaults", () => {
    expect(read({})).toEqual({});
    expect(read({ engine: "", epochs: " " })).toEqual({});
    expect(read({ engine: "reference", solver: "sgd", "batch-size": "64", "learning-rate": "5e-2" })).toEqual(
      {
        engine: "reference",
        solver: "sgd",
        batchSize: 64,
        learningRate: 0.05,
      },
    );
  });

  test.each([
    [{ engine: "wgpu" }, 'engine is "wgpu", and must be one of auto, webgpu, wasm, reference.'],
    [{ solver: "newton" }, 'solver is "newton", and must be one of gd, sgd, adam, adamw.'],
    [{ epochs: "many" }, 'epochs is "many", and must be a number.'],
    [{ epochs: "2.5" }, "epochs is 2.5"],
    [{ "learning-rate": "-1" }, "learningRate is -1"],
    [{ "learning-rate": "Infinity" }, "learningRate is Infinity"],
    [{ solver: "gd", "batch-size": "64" }, 'batchSize is 64, but solver is "gd"'],
  ] as const)("refuses %o", (texts, message) => {
    expect(() => read(texts)).toThrow(
      expect.objectContaining({ name: "OptionError", message: expect.stringContaining(message) }),
    );
  });
});

test("each solver has defaults, and gd no batch size", () => {
  expect(defaultsOf("adam")).toEqual({ epochs: 10, batchSize: 512, learningRate: 0.003 });
  expect(defaultsOf("gd")).toEqual({ epochs: 100, batchSize: undefined, learningRate: 0.5 });
});
