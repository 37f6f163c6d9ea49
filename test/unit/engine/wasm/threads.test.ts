/** Tests the wasm engine's threads in Node: agreement, failure, reuse and shutdown. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { range } from "../../../../src/core/random.js";
import type { Objective } from "../../../../src/engine/objective.js";
import type { DescentProblem } from "../../../../src/engine/descent.js";
import { Heap } from "../../../../src/engine/wasm/heap.js";
import { type WasmKernels, compile } from "../../../../src/engine/wasm/module.js";
import { DeviceError } from "../../../../src/index.js";
import { RULES, plan, randomRows, randomWeights } from "../../../conformance/problems.js";
import {
  CASES,
  MOST_THREADS,
  OBJECTIVES,
  answered,
  objectiveProblem,
  threadsAgree,
  trained,
} from "./agreement.js";
import { editedKernels } from "../../../mutation/edited-assembly.js";
import { IMPATIENT, TRAPPING, TRAPPING_IN } from "../../../mutation/wrong-assembly.js";
import { KERNELS } from "./pinned.js";
import { idleResources, type WasmEdits, wasmEngine } from "../../../support/engines.js";
import { LONG } from "../../../support/long.js";

/** Threads that the engine started, recorded when it calls their `unref`. */
const started: Worker[] = [];
const { unref } = Worker.prototype;
Worker.prototype.unref = function (this: Worker) {
  if (!started.includes(this)) started.push(this);
  unref.call(this);
};
const living = () => started.filter(({ threadId }) => threadId !== -1).length;
/** What keeps the process alive, besides the test runner. */
const ports = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
const portsBefore = ports();

/** Ends threads that other tests left idle. */
async function endIdle() {
  idleResources.drop();
  await vi.waitFor(() => expect(living()).toBe(0));
}

threadsAgree();

/** Kernels that trap in the given thread. */
function trapping(thread: number) {
  const [wrong] = TRAPPING.filter((one) => one.thread === thread);
  return editedKernels(wrong);
}

const AGREEING = KERNELS.flatMap((kernels) => [
  {
    what: `a training, ${kernels}`,
    compute: (options: WasmEdits) => trained(kernels, randomRows(CASES[kernels].shape, "f32", 141), options),
  },
  {
    what: `an objective, ${kernels}`,
    compute: (options: WasmEdits) =>
      answered(kernels, randomRows(OBJECTIVES[kernels].shape, "f32", 141), options),
  },
]);

test.each(AGREEING)("that is one that uses seven threads: $what", async ({ compute }) => {
  const kernels = await trapping(MOST_THREADS - 1);
  await compute({ kernels, threads: MOST_THREADS - 1 });
  await expect(compute({ kernels, threads: MOST_THREADS })).rejects.toThrow(/unreachable/);
});

test.each(AGREEING)("eight and twelve sums in registers give the same bits: $what", async ({ compute }) => {
  const [eight, twelve] = [await compile(false, false), await compile(false, true)];
  expect(await compute({ kernels: twelve, threads: 2 })).toEqual(
    await compute({ kernels: eight, threads: 2 }),
  );
});

test.each(AGREEING)("threads that do not wait for each other are noticed: $what", async ({ compute }) => {
  const kernels = await editedKernels(IMPATIENT);
  const right = await compute({ threads: 2 });
  expect(await compute({ kernels, threads: 1 })).toEqual(right);
  const wrong = await compute({ kernels, threads: 2 }).catch((error: unknown) => error);
  expect(wrong).not.toEqual(right); // other bits, or addresses that do not exist yet
});

test.each([
  { what: "few", batchSize: 20, messages: 0 },
  { what: "many", batchSize: 2000, messages: 2 },
])("an epoch of one step of $what rows takes $messages messages", async ({ batchSize, messages }) => {
  const shape = { count: batchSize, features: 60, classes: 11 };
  const rows = randomRows(shape, "f32", 151);
  const engine = await wasmEngine({ threads: 2 });
  const placement = await engine.place(rows);
  const problem: DescentProblem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"] };
  const descent = await placement.descent(problem, randomWeights(shape, 152));
  const post = vi.spyOn(Worker.prototype, "postMessage");
  for await (const _ of descent.run([plan(rows, batchSize)]));
  expect(post).toHaveBeenCalledTimes(messages);
  post.mockRestore();
  engine.close();
});

describe("a thread that fails", () => {
  const { shape, batchSize } = CASES.fused;
  const rows = randomRows(shape, "f32", 151);
  const problem: DescentProblem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"] };
  const { order, steps } = plan(rows, batchSize, false);

  test.each([0, 1])("ends the training with a DeviceError, and the engine: thread %i", async (thread) => {
    await endIdle();
    const engine = await wasmEngine({ kernels: await trapping(thread), threads: 2 });
    const placement = await engine.place(rows);
    const descent = await placement.descent(problem, randomWeights(shape, 152));
    const run = async () => {
      for await (const _ of descent.run([{ order, steps }]));
    };
    const failing = run();
    await expect(failing).rejects.toThrow(DeviceError);
    await expect(failing).rejects.toThrow(/^A thread of the wasm engine stopped: RuntimeError: unreachable/);
    await vi.waitFor(() => expect(living()).toBe(0)); // including the one that waited for it
    // It fails again, at once, on every later call.
    await expect(run()).rejects.toThrow(DeviceError);
    await expect(descent.evaluate(range(10))).rejects.toThrow(DeviceError);
    descent.release();
    placement.release();
    engine.close();
  });
});

/** Everything that an objective can be asked, at two vectors. */
function questions(objective: Objective, shape: { readonly features: number; readonly classes: number }) {
  const { space } = objective;
  const [v, to] = [space.vector(randomWeights({ count: 0, ...shape }, 153)), space.vector()];
  return {
    at: () => objective.linearize(v, to),
    trials: () => objective.evaluateAlong([0.5]),
    move: () => objective.step(0.5, v, to),
    products: () => space.products([[v, to]]),
    read: () => space.read(to),
    logits: () => objective.logits(),
    evaluate: () => objective.evaluate(v, range(10)),
  };
}

describe("an objective", () => {
  const withRows = (count: number) => {
    const shape = { count, features: 60, classes: 11 };
    return { ...shape, rows: randomRows(shape, "f32", 151) };
  };
  const brief = withRows(301);
  const shape = withRows(6301);

  /** An engine on two threads and an objective of it; small work runs on the calling thread. */
  async function opened(kernels?: WasmKernels, of = shape) {
    const engine = await wasmEngine({ threads: 2, ...(kernels && { kernels }) });
    const placement = await engine.place(of.rows);
    const problem = objectiveProblem("fused", { shape: of, batchSize: of.count - 2 });
    return { engine, objective: await placement.objective(problem) };
  }

  const closed = /^The wasm engine is closed\.$/;
  const stopped = /^A thread of the wasm engine stopped: RuntimeError: unreachable/;

  test.each([0, 1])(
    "of a thread that fails rejects what is asked, then and later: thread %i",
    async (thread) => {
      await endIdle();
      const { engine, objective } = await opened(await trapping(thread));
      const asked = questions(objective, shape);
      const asking = Object.values(asked).map((ask) => ask());
      for (const { status } of await Promise.allSettled(asking)) expect(status).toBe("rejected");
      await vi.waitFor(() => expect(living()).toBe(0));
      for (const ask of Object.values(asked)) {
        const answer = ask();
        await expect(answer).rejects.toThrow(DeviceError);
        await expect(answer).rejects.toThrow(stopped);
      }
      objective.release();
      engine.close();
    },
  );

  /** Queues an operation that returns nothing. */
  const queue: Readonly<Record<string, (one: Objective) => void>> = {
    setDirection: (one) => one.setDirection(one.space.vector()),
    curvature: (one) => one.curvature(one.space.vector(), one.space.vector()),
    combine: ({ space }) => space.combine(space.vector(), [[2, space.vector()]]),
    centre: ({ space }) => space.centre(space.vector()),
    subgradient: ({ space }) => space.subgradient(space.vector(), space.vector(), space.vector()),
    orthant: ({ space }) => space.orthant(space.vector(), space.vector(), space.vector(), space.vector()),
    restrict: ({ space }) => space.restrict(space.vector(), space.vector(), space.vector(), space.vector()),
    multiply: ({ space }) =>
      space.multiply(
        space.vector(),
        space.matrix(new Float32Array((shape.features + 1) ** 2)),
        space.vector(),
      ),
  };

  const all = ["at", "trials", "move", "products", "read", "logits", "evaluate"] as const;
  // One that threads answer, and one that the calling thread answers; the others are like these.
  const some = ["at", "logits"] as const;

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  test("that is brief sends no message, and one that is not sends one to each thread", async () => {
    const messages = vi.spyOn(Worker.prototype, "postMessage");
    for (const { of, sent } of [
      { of: brief, sent: 0 },
      { of: shape, sent: 2 },
    ]) {
      const { engine, objective } = await opened(undefined, of);
      const [w, g] = [objective.space.vector(), objective.space.vector()];
      messages.mockClear();
      await objective.linearize(w, g);
      expect(messages).toHaveBeenCalledTimes(sent);
      objective.release();
      engine.close();
    }
  });

  test("of several that are brief the other thread does some, and the bits are the same", async () => {
    const messages = vi.spyOn(Worker.prototype, "postMessage");
    const engine = await wasmEngine({ threads: 2 });
    const placement = await engine.place(brief.rows);
    const problem = objectiveProblem("fused", { shape: brief, batchSize: 299 });
    const several = await Promise.all(
      Array.from({ length: 9 }, () => placement.objective({ ...problem, together: 9 })),
    );
    messages.mockClear();
    const found = await Promise.all(
      several.map(async (objective) => {
        const { space } = objective;
        const [w, g] = [space.vector(randomWeights(brief, 154)), space.vector()];
        return { sums: await objective.linearize(w, g), gradient: await space.read(g) };
      }),
    );
    // Before it starts its own part it sends as many jobs as the other thread has room for, and more as those
    // end.
    expect(messages.mock.calls.length).toBeGreaterThanOrEqual(3);
    expect(messages.mock.calls.length).toBeLessThan(9);
    for (const one of found) expect(one).toEqual(found[0]);
    for (const objective of several) objective.release();
    engine.close();
  });

  describe.each([
    { where: "on threads", of: shape, isolated: true },
    { where: "that is brief", of: brief, isolated: true },
    { where: "on the thread that asks", of: brief, isolated: false },
  ])("$where", ({ of, isolated }) => {
    test.each(TRAPPING_IN)("fails whoever asks after $operation that fails", async (wrong) => {
      vi.stubGlobal("crossOriginIsolated", isolated);
      const unhandled = vi.fn<() => void>();
      process.on("unhandledRejection", unhandled);
      try {
        const kernels = await editedKernels(wrong);
        for (const name of LONG || wrong.operation === "combine" ? all : some) {
          for (const later of [false, true]) {
            const { engine, objective } = await opened(kernels, of);
            const ask = questions(objective, shape)[name];
            await ask(); // works so far
            queue[wrong.operation](objective);
            if (later) await new Promise((resolve) => setTimeout(resolve, 10));
            await expect(ask(), name).rejects.toThrow(stopped);
            await expect(ask(), `${name}, again`).rejects.toThrow(stopped);
            objective.release();
            engine.close();
          }
        }
        expect(unhandled).not.toHaveBeenCalled();
      } finally {
        process.off("unhandledRejection", unhandled);
      }
    });
  });

  test("of an engine that is closed rejects what is asked, then and later", async () => {
    const { engine, objective } = await opened();
    const asked = questions(objective, shape);
    const asking = Object.values(asked).map((ask) => ask());
    await Promise.resolve(); // the jobs are sent to the threads
    engine.close();
    for (const { status } of await Promise.allSettled(asking)) expect(status).toBe("rejected");
    for (const ask of Object.values(asked)) await expect(ask()).rejects.toThrow(closed);
  });

  test("of an engine that is closed rejects what is asked later: on the thread that asks", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    const { engine, objective } = await opened();
    const asked = questions(objective, shape);
    engine.close();
    await expect(asked.at()).rejects.toThrow(closed);
    for (const ask of Object.values(asked)) await expect(ask()).rejects.toThrow(closed);
  });
});

describe("a thread that ends without an error", () => {
  const { shape, batchSize } = CASES.fused;
  const rows = randomRows(shape, "f32", 151);
  const problem: DescentProblem = { classes: shape.classes, batchSize, intercept: true, rule: RULES["sgd"] };
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each(["while it computes", "while it is idle"])(
    "fails what waits for it, then and later: %s",
    async (when) => {
      await endIdle();
      const first = started.length;
      const engine = await wasmEngine({ threads: 2 });
      const placement = await engine.place(rows);
      const descent = await placement.descent(problem, randomWeights(shape, 152));
      // Many times all rows, so that they are not done before the thread ends.
      const evaluate = () => descent.evaluate(range(100 * rows.count).map((n) => n % rows.count));
      const evaluating = when === "while it computes" ? evaluate() : undefined;
      const ended = started[first + 1].terminate();
      if (!evaluating) await ended;
      for (const failing of [evaluating ?? evaluate(), evaluate()]) {
        await expect(failing).rejects.toThrow(DeviceError);
        await expect(failing).rejects.toThrow(/^A thread of the wasm engine stopped: it exited with code 1/);
      }
      await vi.waitFor(() => expect(living()).toBe(0));
      engine.close();
    },
  );

  test("while it is kept for another engine is replaced", async () => {
    await endIdle();
    const first = started.length;
    const engine = await wasmEngine({ threads: 2 });
    engine.close();
    await started[first].terminate();
    const second = await wasmEngine({ threads: 2 });
    expect(second.adapter).toMatch(/ 2 threads$/);
    expect(started).toHaveLength(first + 3);
    await second.place(rows);
    second.close();
  });

  test("that never answers leaves the calling thread, which says why", async () => {
    await endIdle();
    vi.spyOn(Worker.prototype, "postMessage").mockImplementation(() => {});
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const opening = wasmEngine({ threads: 2 });
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 0 });
      vi.advanceTimersByTime(20_000);
      const engine = await opening;
      expect(engine.adapter).toMatch(/ 1 thread$/);
      expect(engine.note).toMatch(
        /^threads cannot be started from worker.js: .*2 of 2 do not start in 20 s$/,
      );
      engine.close();
    } finally {
      vi.useRealTimers();
    }
    await vi.waitFor(() => expect(living()).toBe(0));
  });
});

describe("an engine that is abandoned", () => {
  test("keeps no thread once its heap is garbage", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    await endIdle();
    await (async () => {
      const engine = await wasmEngine({ threads: 3 });
      await engine.place(randomRows(CASES.fused.shape, "f32", 151));
      expect(living()).toBe(3);
    })();
    await vi.waitFor(
      () => {
        collect();
        expect(living()).toBe(0);
      },
      { timeout: 20_000 },
    );
  });
});

describe("idle threads", () => {
  test("are few, however many engines there were at once", async () => {
    await endIdle();
    const engines = await Promise.all(Array.from({ length: 9 }, () => wasmEngine({ threads: 1 })));
    for (const engine of engines) engine.close();
    await vi.waitFor(() => expect(living()).toBe(4));
    idleResources.drop();
    await vi.waitFor(() => expect(living()).toBe(0));
  });

  test("end with a memory that has grown large", async () => {
    await endIdle();
    const heap = new Heap();
    const engine = await wasmEngine({ heap, threads: 2 });
    heap.free(heap.allocate(2 ** 28, "A test"));
    engine.close();
    await vi.waitFor(() => expect(living()).toBe(0));
  });
});

describe("an engine that is closed", () => {
  test("and one that is idle let the process end", async () => {
    await endIdle();
    const engine = await wasmEngine({ threads: 3 });
    expect(living()).toBe(3);
    expect(ports()).toBe(portsBefore);
    engine.close();
    expect(ports()).toBe(portsBefore);
  });

  test("ends what is running and what is asked for later with a DeviceError", async () => {
    const engine = await wasmEngine({ threads: 2 });
    const { shape, batchSize } = CASES.tiled;
    const rows = randomRows(shape, "f32", 161);
    const placement = await engine.place(rows);
    const problem: DescentProblem = {
      classes: shape.classes,
      batchSize,
      intercept: true,
      rule: RULES["sgd"],
    };
    const descent = await placement.descent(problem, randomWeights(shape, 162));
    const evaluating = descent.evaluate(range(rows.count));
    await Promise.resolve(); // the jobs are sent to the threads
    engine.close();
    await expect(evaluating).rejects.toThrow(DeviceError);
    await expect(descent.evaluate(range(10))).rejects.toThrow(/^The wasm engine is closed\.$/);
  });
});
