/** Chooses and opens an engine: the one named, or for "auto" the fastest that this machine offers. */
import { OptionError } from "../core/errors.js";
import type { Engine, EngineName } from "./engine.js";
import { type Runtime, checkRuntime, defaultRuntime } from "./runtime.js";
import { findAdapter } from "./webgpu/device/adapter.js";

export interface EngineChoice {
  readonly engine: Engine;
  /** Why this engine, in words for people. */
  readonly why: string;
  /** True if "auto" passed over a faster engine that should work on this machine. */
  readonly fellBack?: boolean;
}

/** Engines that failed after they had opened, with their errors. */
type EngineFailures = ReadonlyMap<EngineName, Error>;

export interface ChooseOptions {
  /** Opens the engine. Default: the runtime that trainings share. */
  readonly runtime?: Runtime | undefined;
  /** A device for webgpu. */
  readonly device?: GPUDevice | undefined;
  /** Engines that "auto" skips. */
  readonly failures?: EngineFailures;
}

/** Milliseconds that "auto" waits for an adapter, and again for a device, before it tries the next engine. */
const PATIENCE_MS = 10_000;

/**
 * Opens the engine `wanted`. "auto" is webgpu on the given device or on a GPU, else wasm, else the reference;
 * it skips the engines in `failures`, and `why` gives the reason for each engine that it did not take.
 *
 * @throws {DeviceError} if `wanted` names an engine that is not available.
 * @throws {RuntimeClosedError} if the runtime is closed.
 */
export async function chooseEngine(
  wanted: "auto" | EngineName,
  { runtime = defaultRuntime(), device, failures = new Map() }: ChooseOptions = {},
): Promise<EngineChoice> {
  checkRuntime("runtime", runtime); // narrows it to one that opens engines
  if (wanted !== "auto") {
    const engine = await runtime.open(wanted, { device });
    return { engine, why: [`engine is ${wanted}`, ...noteOf(engine)].join(", and ") };
  }
  const fellBack = device !== undefined || failures.size > 0;
  const gpu = await unlessFailed("webgpu", failures, async () => {
    const slow = device ? undefined : await softwareAdapter();
    return slow === undefined
      ? runtime.open("webgpu", { device, patience: PATIENCE_MS })
      : `the WebGPU adapter, ${slow}, is software on the processor itself`;
  });
  if (typeof gpu !== "string") {
    const found = device ? "a device is given" : `there is a GPU, ${gpu.adapter}`;
    return { engine: gpu, why: `engine is auto and ${found}` };
  }
  const wasm = await unlessFailed("wasm", failures, () => runtime.open("wasm"));
  if (typeof wasm !== "string") {
    return { engine: wasm, why: [`engine is auto and ${gpu}`, ...noteOf(wasm)].join(", and "), fellBack };
  }
  const reference = await runtime.open("reference");
  return { engine: reference, why: `engine is auto, ${gpu}, and ${wasm}`, fellBack: true };
}

/** Opens an engine with `find`. Returns the reason as a string if it is not available or failed before. */
async function unlessFailed(
  name: EngineName,
  failures: EngineFailures,
  find: () => Promise<Engine | string>,
): Promise<Engine | string> {
  const failure = failures.get(name);
  if (failure) return `${name} failed: ${reason(failure)}`;
  try {
    return await find();
  } catch (error) {
    return `${name} is not available: ${reason(error)}`;
  }
}

function noteOf({ note }: Engine): string[] {
  return note === undefined ? [] : [note];
}

/** Returns the adapter's name if it is a software adapter. Opens no device. */
async function softwareAdapter(): Promise<string | undefined> {
  const { adapter, slow } = await findAdapter(PATIENCE_MS);
  return slow ? adapter : undefined;
}

/** Formats an error to follow a colon. Rethrows an OptionError: a wrong option is wrong on every engine. */
function reason(error: unknown): string {
  if (error instanceof OptionError) throw error;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
