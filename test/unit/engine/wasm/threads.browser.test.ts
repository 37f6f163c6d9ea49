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

test("a page that may not start the worker's file starts its text", async () => {
  idleResources.drop();
  const { Worker: Original } = globalThis;
  const tried: string[] = [];
  vi.stubGlobal(
    "Worker",
    class extends Original {
      constructor(url: string | URL, options?: WorkerOptions) {
        tried.push(new URL(url).protocol);
        if (!String(url).startsWith("blob:")) throw new DOMException("Another origin.", "SecurityError");
        super(url, options);
      }
    },
  );
  const engine = await wasmEngine({ threads: 2 });
  expect(engine).toMatchObject({ adapter: expect.stringMatching(/ 2 threads$/) });
  expect(engine).not.toHaveProperty("note");
  engine.close();
  idleResources.drop();
  // The next engine does not try the file.
  (await wasmEngine({ threads: 1 })).close();
  vi.unstubAllGlobals();
  expect(tried).toEqual(["http:", "blob:", "blob:", "blob:"]);
});
