/** The page's other thread, where everything is measured: however long a step takes, the page never waits. */
import { type Measured, type Options, measure } from "../measure.js";
import { systems } from "../systems/all.js";
import { workloads } from "../workloads.js";
import type { Command, Report, Task } from "./protocol.js";
import { sweep } from "./sweep.js";

const controller = new AbortController();

self.addEventListener("message", ({ data }: MessageEvent<Command>) => {
  if (data.kind === "stop") controller.abort();
  else void start(data.task);
});

async function start(task: Task): Promise<void> {
  try {
    post({
      kind: "done",
      measured: await perform(task, { report: post, signal: controller.signal, thread: self }),
    });
  } catch (error) {
    post({ kind: "broken", message: error instanceof Error ? error.message : String(error) });
  }
}

async function perform(task: Task, options: Options): Promise<Measured> {
  const workload = workloads.find(({ name }) => name === task.workload);
  if (!workload) throw new Error(`There is no workload ${task.workload}.`);
  const chosen = systems.filter(({ name }) => task.systems.includes(name));
  if (task.sweep) return sweep(workload, task.mnist, chosen, options);
  return measure(workload, await workload.load(workload, task.mnist), chosen, options);
}

function post(report: Report): void {
  self.postMessage(report);
}
