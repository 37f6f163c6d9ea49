import { describe, expect, test, vi } from "vitest";
import { range } from "../../../src/data/random.js";
import type { Problem } from "../../../src/engine/engine.js";
import { wasmEngine } from "../../../src/engine/wasm/engine.js";
import { DeviceError } from "../../../src/index.js";
import { RULES, plan, randomRows, randomWeights } from "../problems.js";
import { CASES, MOST_THREADS, threadsAgree, trained } from "./agreement.js";
import { editedKernels } from "./edited.js";
import { KERNELS } from "./pinned.js";

vi.setConfig({ testTimeout: 60_000 }); // kernels are compiled

/** One for each thread of this process, besides those of the tests' runner. */
const ports = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
const before = ports();

threadsAgree();

/** Kernels that trap in one thread. */
function trapping(thread: number) {
  const begin = "const plan = changetype<Plan>(at);";
  return editedKernels("index.ts", begin, `if (thread == ${thread}) unreachable();\n  ${begin}`);
}

test.each(KERNELS)("those are trainings that use seven threads: %s", async (kind) => {
  const kernels = await trapping(MOST_THREADS - 1);
  const rows = randomRows(CASES[kind].shape, "f32", 141);
  await trained(kind, rows, { kernels, threads: MOST_THREADS - 1 });
  await expect(trained(kind, rows, { kernels, threads: MOST_THREADS })).rejects.toThrow(/unreachable/);
});

test.each(KERNELS)("threads that do not wait for each other are noticed: %s", async (kind) => {
  const waiting = "  for (let spin: u32 = 0; spin < SPINS; spin++) {";
  const kernels = await editedKernels("threads.ts", waiting, `  return;\n${waiting}`);
  const rows = randomRows(CASES[kind].shape, "f32", 141);
  const right = await trained(kind, rows, { threads: 2 });
  expect(await trained(kind, rows, { kernels, threads: 1 })).toEqual(right);
  const wrong = await trained(kind, rows, { kernels, threads: 2 }).catch((error: unknown) => error);
  expect(wrong).not.toEqual(right); // other bits, or addresses that are not there yet
});

describe("a thread that fails", () => {
  const { shape, batchSize } = CASES.fused;
  const rows = randomRows(shape, "f32", 151);
  const problem: Problem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"] };
  const { order, steps } = plan(rows, batchSize, false);

  test.each([0, 1])("ends the training with a DeviceError, and the engine: thread %i", async (thread) => {
    const engine = await wasmEngine({ kernels: await trapping(thread), threads: 2 });
    const placement = await engine.place(rows);
    const descent = await placement.descent(problem, randomWeights(shape, 152));
    const run = async () => {
      for await (const _ of descent.run(order, steps));
    };
    const failing = run();
    await expect(failing).rejects.toThrow(DeviceError);
    await expect(failing).rejects.toThrow(/^A thread of the wasm engine stopped: RuntimeError: unreachable/);
    await vi.waitFor(() => expect(ports()).toBe(before)); // also the one that waited for it
    // And says so again, at once, whatever is asked for.
    await expect(run()).rejects.toThrow(DeviceError);
    await expect(descent.evaluate(range(10))).rejects.toThrow(DeviceError);
    descent.release();
    placement.release();
    engine.close();
  });
});

describe("an engine that is closed", () => {
  test("ends its threads", async () => {
    const engine = await wasmEngine({ threads: 3 });
    expect(ports()).toBe(before + 3);
    engine.close();
    await vi.waitFor(() => expect(ports()).toBe(before));
  });

  test("ends what is running and what is asked for later with a DeviceError", async () => {
    const engine = await wasmEngine({ threads: 2 });
    const { shape, batchSize } = CASES.tiled;
    const rows = randomRows(shape, "f32", 161);
    const placement = await engine.place(rows);
    const problem: Problem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"] };
    const descent = await placement.descent(problem, randomWeights(shape, 162));
    const evaluating = descent.evaluate(range(rows.count));
    await Promise.resolve(); // the threads are told
    engine.close();
    await expect(evaluating).rejects.toThrow(DeviceError);
    await expect(descent.evaluate(range(10))).rejects.toThrow(/^The wasm engine is closed\.$/);
  });
});
