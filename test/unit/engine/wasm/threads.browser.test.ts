/** Tests the wasm engine's workers in a page. */
import { expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import { DeviceError } from "../../../../src/index.js";
import { KEPT_KINDS, RULES, randomRows, randomWeights } from "../../../conformance/problems.js";
import { threadsAgree } from "./agreement.js";
import { idleResources, wasmEngine } from "../../../support/engines.js";
import { LONG } from "../../../support/long.js";

// The tests in Node have all types that Node has; f16, the last, may be a browser's alone.
threadsAgree(LONG ? KEPT_KINDS : KEPT_KINDS.slice(-1));

test("a worker that ends silently fails what waits for it, then and later", async () => {
  idleResources.drop();
  const started: Worker[] = [];
  const { Worker: Original } = globalThis;
  vi.stubGlobal(
    "Worker",
    class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        started.push(this);
      }
    },
  );
  const engine = await wasmEngine({ threads: 2 });
  vi.unstubAllGlobals();
  const shape = { count: 60_000, features: 99, classes: 11 };
  const placement = await engine.place(randomRows(shape, "f32", 151));
  const problem = { classes: 11, batchSize: shape.count, intercept: true, rule: RULES["sgd"] };
  const descent = await placement.descent(problem, randomWeights(shape, 152));
  const evaluate = () => descent.evaluate(range(shape.count));
  const evaluating = evaluate();
  started[1].terminate();
  for (const failing of [evaluating, evaluate()]) {
    await expect(failing).rejects.toThrow(DeviceError);
    await expect(failing).rejects.toThrow(/^A thread of the wasm engine stopped: it ended/);
  }
  engine.close();
});
