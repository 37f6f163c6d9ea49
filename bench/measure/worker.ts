/** The benchmark's worker. It measures, so that the page stays responsive however long a step takes. */
import { type Measured, type Options, measure } from "./measure.js";
import { systems } from "../peers/all.js";
import { workloads } from "./workloads.js";
import type { BenchmarkCommand, BenchmarkReport, BenchmarkTask } from "./protocol.js";
import { measureBatchSizes } from "./batch-sizes.js";

const controller = new AbortController();

self.addEventListener("message", ({ data }: MessageEvent<BenchmarkCommand>) => {
  if (data.kind === "stop") controller.abort();
  else void start(data.task);
});

async function start(task: BenchmarkTask): Promise<void> {
  try {
    post({
      kind: "done",
      measured: await perform(task, { report: post, signal: controller.signal, thread: self }),
    });
  } catch (error) {
    post({ kind: "broken", message: error instanceof Error ? error.message : String(error) });
  }
}

async function perform(task: BenchmarkTask, options: Options): Promise<Measured> {
  const workload = workloads.find(({ name }) => name === task.workload);
  if (!workload) throw new Error(`There is no workload ${task.workload}.`);
  const chosen = systems.filter(({ name }) => task.systems.includes(name));
  if (task.sweep) return measureBatchSizes(workload, task.mnist, chosen, options);
  return measure(workload, await workload.load(workload, task.mnist), chosen, options);
}

function post(report: BenchmarkReport): void {
  self.postMessage(report);
}
