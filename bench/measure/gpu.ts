/** The parts of `npm run bench:gpu` that run where the GPU is: in a page, or in Node through Dawn. */
import { systems } from "../peers/all.js";
import { type GpuInfo, describeMachine, findGpuInfo } from "./machine.js";
import { type Effort, type Measured, THOROUGH, measure } from "./measure.js";
import { measureCopy, measurePeak } from "./peak.js";
import { type Batch, type Workload, workloads } from "./workloads.js";

export type GpuTask =
  | { readonly kind: "peaks" }
  | (StepsTask & { readonly kind: "steps"; readonly systems: readonly string[] })
  | (StepsTask & { readonly kind: "kernels" });

interface StepsTask {
  readonly workload: string;
  readonly quick: boolean;
  /** Address of the folder with the digits. */
  readonly mnist: string;
}

/** The results of the tasks, by their kind. */
export interface GpuResults {
  readonly peaks: GpuPeaks;
  readonly steps: Measured;
  readonly kernels: TimedKernels;
}

export interface GpuPeaks {
  readonly gpu: GpuInfo;
  readonly peakGflops: number;
  /** GB/s that a copy of 128 MiB reads and writes together. */
  readonly copyGigabytes: number;
}

export interface TimedKernels {
  readonly workload: string;
  /** The kernels that "auto" chose. */
  readonly chosen: string;
  /** All that it chose from, each a system of that name. */
  readonly candidates: Measured;
}

const QUICK: Effort = { rounds: 3, sampleMs: 60, systemMs: 2000 };

/** Does one task. Throws where there is no adapter. */
export async function measureGpu<K extends GpuTask["kind"]>(
  task: Extract<GpuTask, { kind: K }>,
  report: (progress: string) => void,
): Promise<GpuResults[K]>;
export async function measureGpu(task: GpuTask, report: (progress: string) => void) {
  if (task.kind === "peaks") return measurePeaks();
  const workload = workloads.find(({ name }) => name === task.workload);
  if (!workload) throw new Error(`There is no workload ${JSON.stringify(task.workload)}.`);
  const batch = await workload.load(workload, task.mnist);
  const effort = task.quick ? QUICK : THOROUGH;
  const options = {
    effort,
    report(event: { kind: string; system?: string; what?: string }) {
      if (event.kind === "doing") report(`${workload.name}: ${event.system} ${event.what}`);
    },
  };
  if (task.kind === "kernels") return timeKernels(workload, batch, options);
  const chosen = systems.filter(({ name }) => task.systems.includes(name));
  return measure(workload, batch, chosen, options);
}

async function measurePeaks(): Promise<GpuPeaks> {
  // Each has an adapter of its own: an adapter gives one device.
  const [first, second] = [await findGpuInfo(), await findGpuInfo()];
  if (!first || !second) throw new Error("There is no WebGPU adapter.");
  const gpu = describeMachine(first);
  return { gpu, peakGflops: await measurePeak(first), copyGigabytes: await measureCopy(second) };
}

async function timeKernels(
  workload: Workload,
  batch: Batch,
  options: Parameters<typeof measure>[3],
): Promise<TimedKernels> {
  const { openOn, tunedKernels } = await import("../peers/smigh.js");
  const { chosen, candidates } = await tunedKernels(workload, batch);
  const named = candidates.map((name) => ({ name, on: "WebGPU", load: async () => openOn("webgpu", name) }));
  return { workload: workload.name, chosen, candidates: await measure(workload, batch, named, options) };
}
