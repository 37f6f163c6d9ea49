// Tests "auto" where an engine opens and then fails before the first step. The engines are fakes.
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Attempt } from "../../../src/engine/choose.js";
import type { Engine, EngineName, EngineOptions, Placement } from "../../../src/engine/engine.js";
import { referenceEngine } from "../../../src/engine/reference/engine.js";
import { DataError, DeviceError, OptionError, type TrainOptions, sweep, train } from "../../../src/index.js";
import { rejection } from "../../support/fits.js";
import { untypedTrain } from "../../support/untyped.js";

vi.mock("../../../src/engine/webgpu/device/adapter.js", () => ({
  findAdapter: async () => ({ adapter: "nvidia", slow: false }),
}));
vi.mock("../../../src/engine/least-macs.js", () => ({ LEAST_MACS: { queued: 0, waiting: 0 } }));
vi.mock("../../../src/engine/webgpu/engine.js", () => ({
  WebGpuHost: class {
    open = async () => madeUp("webgpu");
  },
}));
vi.mock("../../../src/engine/wasm/engine.js", () => ({
  WasmHost: class {
    open = async ({ alone }: EngineOptions) => madeUp("wasm", alone ? "wasm on one thread" : "wasm");
  },
}));

type Stage = "place" | "descent" | "objective";
/** The stage at which each engine fails, and with which error. */
const faults = new Map<Attempt, readonly [Stage, Error]>();
/** Names of the open engines, once for each engine and once for each placement. */
let open: EngineName[] = [];
/** Whether the rows that were placed had targets. */
let withTargets: boolean[] = [];
let note: string | undefined;

beforeEach(() => {
  faults.clear();
  open = [];
  withTargets = [];
  note = undefined;
});

/** The reference engine under another name, which fails as `faults` says. */
function madeUp(name: EngineName, attempt: Attempt = name): Engine {
  const engine = referenceEngine();
  const held = () => {
    open.push(name);
    return () => void open.splice(open.indexOf(name), 1);
  };
  const failAt = (stage: Stage) => {
    const [where, error] = faults.get(attempt) ?? [];
    if (where === stage) throw error;
  };
  const close = held();
  return {
    name,
    adapter: name,
    ...(note !== undefined && { note }),
    async place(rows) {
      failAt("place");
      withTargets.push(rows.targets !== undefined);
      const placed = await engine.place(rows);
      const release = held();
      const placement: Placement = {
        async descent(...given) {
          failAt("descent");
          return placed.descent(...given);
        },
        async objective(problem) {
          failAt("objective");
          return placed.objective(problem);
        },
        logits: (problem) => placed.logits(problem),
        weigh: (weights) => placed.weigh(weights),
        release,
      };
      return placement;
    },
    close,
  };
}

const data = { x: [[0], [1], [2], [3], [4], [5]], y: [0, 1, 0, 1, 0, 1] };
const memory = new DeviceError("There is no memory left.");
const solver = (stage: Stage): TrainOptions<number> =>
  stage === "descent" ? { solver: "sgd", epochs: 2 } : { solver: "lbfgs", C: 1 };

test.each(["descent", "objective"] as const)("soft targets take memory only for steps: %s", async (stage) => {
  const soft = { x: data.x, y: Float32Array.from(data.y.flatMap((k) => [1 - k, k])), classes: [0, 1] };
  await train(soft, { ...solver(stage), engine: "webgpu" });
  expect(withTargets).toEqual([stage === "descent"]);
});

describe.each(["place", "descent", "objective"] as const)("a DeviceError in %s", (stage) => {
  test("of webgpu is wasm's turn under auto: the model and a warning say why", async () => {
    faults.set("webgpu", [stage, memory]);
    const { engine, warnings, weights } = await train(data, solver(stage));
    expect(engine).toMatchObject({
      name: "wasm",
      why: "engine is auto and webgpu failed: There is no memory left",
    });
    expect(warnings[0]).toEqual({
      code: "slower-engine",
      message: `The wasm engine trains, which is slower than others: ${engine.why}.`,
    });
    expect(open).toEqual([]);
    const { weights: right } = await train(data, { ...solver(stage), engine: "reference" });
    expect(weights).toEqual(right);
  });

  test("of wasm's threads is the turn of wasm on the calling thread", async () => {
    faults.set("webgpu", [stage, memory]).set("wasm", [stage, new DeviceError("A thread stopped.")]);
    const { engine } = await train(data, solver(stage));
    expect(engine).toMatchObject({
      name: "wasm",
      why: "engine is auto, webgpu failed: There is no memory left, and wasm failed: A thread stopped",
    });
    expect(open).toEqual([]);
  });

  test("of all of them is the reference's turn", async () => {
    faults.set("webgpu", [stage, memory]).set("wasm", [stage, new DeviceError("A thread stopped.")]);
    faults.set("wasm on one thread", [stage, memory]);
    const { engine, warnings } = await train(data, solver(stage));
    expect(engine.name).toBe("reference");
    expect(engine.why).toMatch(
      /, webgpu failed: There is no memory left, wasm failed: A thread stopped, and wasm on one thread failed: /,
    );
    expect(warnings.filter(({ code }) => code === "slower-engine")).toHaveLength(1);
    expect(open).toEqual([]);
  });

  test("of an engine that is asked for rejects", async () => {
    faults.set("wasm", [stage, memory]);
    expect(await rejection(train(data, { ...solver(stage), engine: "wasm" }))).toBe(memory);
    expect(open).toEqual([]);
  });
});

test("auto goes on from a device that the caller gives, too", async () => {
  faults.set("webgpu", ["place", memory]);
  const device = { createBuffer() {}, createCommandEncoder() {}, queue: {} };
  const { engine, warnings } = await untypedTrain(data, { device, C: 1 });
  expect(engine.name).toBe("wasm");
  expect(warnings.map(({ code }) => code)).toContain("slower-engine");
});

test.each([new DataError("a value"), new OptionError("an option"), new TypeError("a bug")])(
  "what is no fault of the machine rejects: $name",
  async (error) => {
    faults.set("webgpu", ["objective", error]);
    expect(await rejection(train(data, { C: 1 }))).toBe(error);
    expect(open).toEqual([]);
  },
);

test("a training that was aborted meanwhile does not begin again", async () => {
  const controller = new AbortController();
  faults.set("webgpu", ["objective", memory]);
  const fit = train(data, { C: 1, signal: controller.signal });
  controller.abort("enough");
  expect(await rejection(fit)).toBe("enough");
});

test("a sweep's rows go to the next engine too", async () => {
  faults.set("webgpu", ["place", memory]);
  const { model } = await sweep(data, { C: [1], folds: 2 });
  expect(model.engine).toMatchObject({ name: "wasm", why: expect.stringContaining("webgpu failed") });
  expect(model.warnings.map(({ code }) => code)).toContain("slower-engine");
  expect(open).toEqual([]);
});

describe("an engine that computes with less than it should have", () => {
  const threads = "threads cannot be started: no permission";

  test("says so in the model and in a warning", async () => {
    note = threads;
    const { engine, warnings } = await train(data, { engine: "wasm", C: 1 });
    expect(engine.why).toBe(`engine is wasm, and ${threads}`);
    expect(warnings).toContainEqual({
      code: "one-thread",
      message: `The wasm engine trains on one thread, which is slower: ${threads}.`,
    });
  });

  test("says so under auto", async () => {
    faults.set("webgpu", ["place", memory]);
    note = threads;
    const { engine } = await train(data, { C: 1 });
    expect(engine.why).toBe(`engine is auto and webgpu failed: There is no memory left, and ${threads}`);
  });
});
