/** Tests how the page's form is read into options of a training. */
import { describe, expect, test } from "vitest";
import { defaultsOf, jobOf, limitOf } from "../../bench/page/train/job.js";

const read = (texts: Readonly<Record<string, string>>) => jobOf((name) => texts[name]);

describe("jobOf", () => {
  test("reads what is there, and leaves the rest to the defaults", () => {
    expect(read({})).toEqual({});
    expect(read({ engine: "", epochs: " " })).toEqual({});
    expect(read({ tolerance: "1e-3", "max-iterations": "50", l2: "0", seed: "2" })).toEqual({
      tolerance: 1e-3,
      maxIterations: 50,
      l2: 0,
      seed: 2,
    });
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
    [{ engine: "wgpu" }, 'engine is "wgpu", and must be one of "auto", "webgpu", "wasm", "reference".'],
    [
      { solver: "rprop" },
      'solver is "rprop", and must be one of "lbfgs", "newton", "gd", "sgd", "adam", "adamw".',
    ],
    [{ epochs: "many" }, 'epochs is "many", and must be a number.'],
    [{ epochs: "2.5" }, "epochs is 2.5"],
    [{ epochs: "2" }, 'epochs is 2, but solver is "lbfgs", the default: epochs is for gd, sgd, adam, adamw.'],
    [{ tolerance: "-1" }, "tolerance is -1"],
    [{ l2: "-1" }, "l2 is -1"],
    [{ "learning-rate": "-1" }, "learningRate is -1"],
    [{ "learning-rate": "Infinity" }, "learningRate is Infinity"],
    [{ solver: "gd", "batch-size": "64" }, 'batchSize is 64, but solver is "gd"'],
  ] as const)("refuses %o", (texts, message) => {
    expect(() => read(texts)).toThrow(
      expect.objectContaining({ name: "OptionError", message: expect.stringContaining(message) }),
    );
  });
});

test("each solver has the numbers that it reads", () => {
  expect(defaultsOf("lbfgs")).toEqual({ tolerance: 1e-5, "max-iterations": 1000, l2: 1e-4 });
  expect(defaultsOf("newton")).toEqual(defaultsOf("lbfgs"));
  expect(defaultsOf("adam")).toEqual({ epochs: 10, "batch-size": 512, "learning-rate": 0.003, l2: 1e-4 });
  expect(defaultsOf("gd")).toEqual({ epochs: 100, "learning-rate": 0.5, l2: 1e-4 });
});

test("each solver counts epochs or iterations", () => {
  expect(limitOf({})).toEqual({ unit: "iteration", most: 1000 });
  expect(limitOf({ solver: "newton", maxIterations: 7 })).toEqual({ unit: "iteration", most: 7 });
  expect(limitOf({ solver: "sgd", epochs: 3 })).toEqual({ unit: "epoch", most: 3 });
});
