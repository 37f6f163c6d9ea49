/** The training page's worker: it holds the digits and trains, so that the page stays responsive. */
import { type SoftmaxModel, type Trainer, TrainerError, trainer } from "../../../src/index.js";
import { DeviceError } from "../../../src/core/errors.js";
import { chooseEngine } from "../../../src/engine/choose.js";
import { findAdapter } from "../../../src/engine/webgpu/device/adapter.js";
import { Brake } from "./brake.js";
import { compare } from "./compare.js";
import { type Job, limitOf } from "./job.js";
import { type Mnist, loadMnist } from "../shared/mnist.js";
import { outcome, sampleRows } from "./outcome.js";
import { preload } from "./preload.js";
import type { Chosen, Command, Report, WebGpu } from "./protocol.js";

/** The reason to abort with when the user stops a training. */
class Stop extends Error {
  override name = "Stop";
}

interface Run {
  readonly brake: Brake;
  stop(): void;
}

let mnist: Mnist | undefined;
let run: Run | undefined;

self.addEventListener("message", ({ data }: MessageEvent<Command>) => {
  handle(data).catch((error: unknown) => {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    report({ kind: "failed", failure: { name, message } });
  });
});

async function handle(command: Command): Promise<void> {
  switch (command.kind) {
    case "load":
      return load(command.from);
    case "start":
      return start(command.job);
    case "compare":
      return compareAll(command.engine);
    case "pause":
      return run?.brake.hold();
    case "resume":
      return run?.brake.release();
    case "stop":
      return run?.stop();
  }
}

async function load(from: string): Promise<void> {
  const [webgpu, auto] = [await findWebGpu(), await findAuto()];
  const { train, test } = await loadMnist(from, (bytes, total) => report({ kind: "loading", bytes, total }));
  mnist = { train, test };
  await preload();
  report({
    kind: "ready",
    train: train.y.length,
    test: test.y.length,
    webgpu,
    auto,
    digits: sampleRows(test),
  });
}

async function findWebGpu(): Promise<WebGpu> {
  try {
    const { adapter } = await findAdapter();
    return { adapter };
  } catch (error) {
    if (error instanceof DeviceError) return { missing: error.message };
    throw error;
  }
}

async function findAuto(): Promise<Chosen> {
  const { engine, why } = await chooseEngine("auto");
  engine.close();
  return { name: engine.name, adapter: engine.adapter, why };
}

/** Makes the run that pause, resume and stop act on. A stop aborts `signal` with the reason `stopped`. */
function begin(): { readonly stopped: Stop; readonly signal: AbortSignal; readonly brake: Brake } {
  const stopped = new Stop("The training was stopped.");
  const controller = new AbortController();
  const brake = new Brake();
  run = {
    brake,
    stop() {
      controller.abort(stopped);
      brake.release();
    },
  };
  return { stopped, signal: controller.signal, brake };
}

async function start(job: Job): Promise<void> {
  const digits = mnist;
  if (!digits || run) return;
  const { stopped, signal, brake } = begin();
  const limit = limitOf(job);
  let seconds = 0;
  let taken = 0;
  const end = async (model: SoftmaxModel<number>, completed: boolean) => {
    report({ kind: "evaluating" });
    report(await outcome(model, digits, { completed, seconds, limit, taken }));
  };
  const training = trainer<number>(digits.train, { ...job, parity: true, signal });
  try {
    for await (const progress of training) {
      seconds = progress.elapsed - brake.seconds;
      taken = progress.epoch;
      // Averaged over the whole training, so that it is steady, and correct after a pause.
      const examplesPerSecond = progress.examples / seconds;
      report({ kind: "progress", progress: { ...progress, elapsed: seconds, examplesPerSecond }, limit });
      await brake.passed();
    }
    await end(training.model, true);
  } catch (error) {
    if (error !== stopped) throw error;
    const model = soFar(training);
    if (model) await end(model, false);
    else report({ kind: "cancelled" });
  } finally {
    run = undefined;
  }
}

/** The model of a stopped training; undefined if it had not taken a step. */
function soFar(training: Trainer<number>): SoftmaxModel<number> | undefined {
  try {
    return training.model;
  } catch (error) {
    if (error instanceof TrainerError) return undefined;
    throw error;
  }
}

async function compareAll(engine: Job["engine"]): Promise<void> {
  if (!mnist || run) return;
  const { stopped, signal, brake } = begin();
  try {
    for await (const point of compare(mnist.train, engine, signal)) {
      report({ kind: "compared", point });
      await brake.passed();
    }
    report({ kind: "comparison-ended", stopped: false });
  } catch (error) {
    if (error !== stopped) throw error;
    report({ kind: "comparison-ended", stopped: true });
  } finally {
    run = undefined;
  }
}

function report(one: Report): void {
  self.postMessage(one);
}
