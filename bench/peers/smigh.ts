/** smigh itself, through its solvers' interface: `descent` takes the steps without leaving the device. */
import { version } from "../../package.json";
import type { Engine, EngineName } from "../../src/engine/engine.js";
import type { DescentProblem, Step } from "../../src/engine/descent.js";
import type { Rows } from "../../src/core/rows.js";
import { range } from "../../src/core/random.js";
import { choices, nameOf, stepChoiceNamed } from "../../src/engine/webgpu/kernels/choice.js";
import { EngineRuntime } from "../../src/engine/runtime.js";
import { Devices } from "../../src/engine/webgpu/device/devices.js";
import { WebGpuHost } from "../../src/engine/webgpu/engine.js";
import { shapeOf } from "../../src/engine/webgpu/kernels/cut.js";
import { cutSteps } from "../../src/engine/webgpu/kernels/cut-steps.js";
import { traffic } from "../studies/traffic.js";
import type { Batch, Workload } from "../measure/workloads.js";
import type { Open, Session } from "./system.js";

const devices = new Devices();
const runtime = new EngineRuntime({ webgpu: async () => new WebGpuHost(devices) });

/** Opens smigh on an engine, with the kernels named, or else those of the table. */
export function openOn(engine: EngineName, kernels?: string): Open {
  return async (workload, batch) => session(await runtime.open(engine), workload, batch, kernels);
}

/** The kernels that the tuner chooses for a workload on this device, and all that it chooses from. */
export async function tunedKernels(
  workload: Workload,
  batch: Batch,
): Promise<{ readonly chosen: string; readonly candidates: readonly string[] }> {
  const [{ capacity }, engine] = [await devices.open(), await runtime.open("webgpu")];
  const { rows, problem } = problemOf(workload, batch, "auto");
  const placement = await engine.place(rows);
  const weights = new Float32Array((workload.features + 1) * workload.classes);
  const descent = await placement.descent(problem, weights);
  const shape = shapeOf(rows, problem.classes, problem.batchSize, capacity);
  const found = { chosen: descent.kernels, candidates: choices(shape, capacity).map(nameOf) };
  descent.release();
  placement.release();
  engine.close();
  return found;
}

function problemOf(
  { features, classes }: Workload,
  { labels, bytes, x }: Batch,
  kernels?: string,
): { readonly rows: Rows; readonly problem: DescentProblem } {
  const rows: Rows = {
    count: labels.length,
    features,
    ...(bytes ? { x: bytes, scale: 1 / 255 } : { x, scale: 1 }),
    labels: Uint32Array.from(labels),
  };
  const problem: DescentProblem = {
    classes,
    intercept: true,
    rule: { kind: "sgd", momentum: 0, nesterov: false },
    batchSize: rows.count,
    ...(kernels !== undefined && { kernels }),
  };
  return { rows, problem };
}

async function session(
  engine: Engine,
  workload: Workload,
  batch: Batch,
  kernels: string | undefined,
): Promise<Session> {
  const { features, classes, learningRate } = workload;
  const { rows, problem } = problemOf(workload, batch, kernels);
  const { count } = rows;
  const step: Step = {
    first: 0,
    rows: count,
    learningRate,
    gradientScale: 1 / count,
    penalty: 0,
    capture: false,
  };
  const order = range(count);

  const placement = await engine.place(rows);
  const descent = await placement.descent(problem, new Float32Array((features + 1) * classes));
  return {
    adapter: engine.adapter,
    version,
    ...(engine.name === "webgpu" && (await countedBytes(rows, problem, descent.kernels))),
    async run(steps) {
      const epoch = { order, steps: Array.from({ length: steps }, () => step) };
      for await (const { sums } of descent.run([epoch])) {
        if (!Number.isFinite(sums.loss)) throw new Error(`The loss became ${sums.loss}.`);
      }
    },
    async loss() {
      const { loss, weight } = await descent.evaluate(order);
      return loss / weight;
    },
    close() {
      descent.release();
      placement.release();
      engine.close();
    },
  };
}

/** Bytes that a step moves with these kernels on the engine's device, and the least possible. */
async function countedBytes(
  rows: Rows,
  problem: DescentProblem,
  kernels: string,
): Promise<Pick<Session, "bytesMoved" | "leastBytes">> {
  const { capacity } = await devices.open();
  const { classes, batchSize } = problem;
  const choice = stepChoiceNamed(kernels, shapeOf(rows, classes, batchSize, capacity), capacity);
  const cut = cutSteps(rows, classes, batchSize, capacity, choice);
  const { bytesMoved, leastBytes } = traffic(rows, problem, cut, rows.count);
  return { bytesMoved, leastBytes };
}
