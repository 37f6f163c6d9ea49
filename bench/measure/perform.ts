/** Measures each task in a fresh worker, without the memory that another workload left behind. */
import type { Notice, Measured } from "./measure.js";
import type { BenchmarkCommand, BenchmarkReport, BenchmarkTask } from "./protocol.js";

/** Time for a worker that was asked to stop to finish its sample and clean up, before it is terminated. */
const GRACE_MS = 1000;

/** Measures a task. Rejects with the signal's reason when aborted, and if nothing could be measured. */
export async function perform(
  task: BenchmarkTask,
  report: (event: Notice) => void,
  signal?: AbortSignal,
): Promise<Measured> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = (command: BenchmarkCommand) => worker.postMessage(command);
  try {
    return await new Promise<Measured>((resolve, reject) => {
      signal?.addEventListener("abort", () => {
        send({ kind: "stop" });
        setTimeout(() => reject(signal.reason), GRACE_MS);
      });
      worker.addEventListener("message", ({ data }: MessageEvent<BenchmarkReport>) => {
        if (data.kind === "done") resolve(data.measured);
        else if (data.kind === "broken") reject(signal?.aborted ? signal.reason : new Error(data.message));
        else report(data);
      });
      worker.addEventListener("error", ({ message }) => {
        reject(new Error(message || "The worker could not be started."));
      });
      send({ kind: "start", task });
    });
  } finally {
    worker.terminate();
  }
}
