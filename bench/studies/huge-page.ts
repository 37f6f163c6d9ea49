/** The page of `huge.ts`: takes one system's first step and tracks the bytes of its GPU buffers. */
import { systems } from "../peers/all.js";
import { type Workload, workloads } from "../measure/workloads.js";

/** Buffers alive at the same time. Buffers that the device failed to allocate count too. */
export interface Memory {
  readonly bytes: number;
  /** The largest buffers, largest first: "weights: 104000000". */
  readonly largest: readonly string[];
}

export interface HugeReport {
  adapter?: string;
  stepSeconds?: number;
  /** Peak until the first step was done or failed. */
  peak: Memory;
  /** Mean loss at zero weights, and after the step. */
  lossBefore?: number;
  lossAfter?: number;
  /** Thrown errors, and errors that the device reported. */
  readonly errors: readonly string[];
}

/** Changes to the workload `vocab`. */
export type Changes = Pick<Workload, "batch" | "learningRate">;

declare global {
  interface Window {
    /** Called by the driver. */
    huge: { measure(system: string, changes: Changes, seconds: number): Promise<HugeReport> };
  }
}

const LARGEST = 8;

const live = new Set<GPUBuffer>();
const errors: string[] = [];
let peak: Memory = { bytes: 0, largest: [] };

window.huge = {
  async measure(name, changes, seconds) {
    watchBuffers();
    watchDevices();
    const report: HugeReport = { peak, errors };
    const within = <T>(what: string, work: Promise<T>) => Promise.race([work, tooLate(what, seconds)]);
    try {
      const system = systems.find((system) => system.name === name);
      const vocab = workloads.find(({ name }) => name === "vocab");
      if (!system || !vocab) throw new Error(`There is no system ${name}, or no workload vocab.`);
      const workload = { ...vocab, ...changes };
      const batch = await workload.load(workload, "");
      const open = await system.load();

      const session = await within("start", open(workload, batch));
      report.adapter = session.adapter;
      const began = performance.now();
      await within("first step", session.run(1));
      report.stepSeconds = (performance.now() - began) / 1000;
      report.peak = peak; // before the losses, which are not part of the step
      report.lossAfter = await within("loss after the step", session.loss());
      session.close();

      const fresh = await within("second start", open(workload, batch));
      report.lossBefore = await within("loss at zero weights", fresh.loss());
    } catch (error) {
      errors.push(String(error));
      if (report.stepSeconds === undefined) report.peak = peak;
    }
    return report;
  },
};

function watchBuffers(): void {
  const { createBuffer } = GPUDevice.prototype;
  GPUDevice.prototype.createBuffer = function (this: GPUDevice, descriptor: GPUBufferDescriptor) {
    const buffer = createBuffer.call(this, descriptor);
    live.add(buffer);
    const bytes = [...live].reduce((sum, { size }) => sum + size, 0);
    if (bytes > peak.bytes) peak = { bytes, largest: largest() };
    return buffer;
  };
  const { destroy } = GPUBuffer.prototype;
  GPUBuffer.prototype.destroy = function (this: GPUBuffer) {
    live.delete(this);
    return destroy.call(this);
  };
}

function largest(): string[] {
  return [...live]
    .toSorted((a, b) => b.size - a.size)
    .slice(0, LARGEST)
    .map(({ label, size }) => `${label || "unlabelled"}: ${size}`);
}

/** Records device errors: a library that does not listen for them continues with buffers it never got. */
function watchDevices(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
    const device = await requestDevice.call(this, descriptor);
    device.addEventListener("uncapturederror", ({ error }) => {
      if (errors.length < 3) errors.push(error.message);
    });
    void device.lost.then(({ message, reason }) => errors.push(`The device was lost: ${message || reason}`));
    return device;
  };
}

async function tooLate(what: string, seconds: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  throw new Error(`Timed out after ${seconds} s: ${what}.`);
}
