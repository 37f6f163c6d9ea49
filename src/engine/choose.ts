import { OptionError } from "../core/errors.js";
import type { Engine, EngineName } from "./engine.js";
import { referenceEngine } from "./reference/engine.js";
import { wasmEngine } from "./wasm/engine.js";
import { findAdapter } from "./webgpu/device/adapter.js";
import { webgpuEngine } from "./webgpu/engine.js";

export interface EngineChoice {
  readonly engine: Engine;
  /** Why this engine, in words for people. */
  readonly why: string;
  /** True where a faster engine that this machine should have failed. */
  readonly fellBack?: boolean;
}

/** Engines that opened and then failed, and with what. */
export type EngineFailures = ReadonlyMap<EngineName, Error>;

/** Milliseconds that the browser may take for an adapter, and for a device, before "auto" goes on without. */
const PATIENCE_MS = 10_000;

/**
 * Opens the engine asked for. "auto" is webgpu on the device given or on a GPU, else wasm, and the reference
 * where neither is available; it passes over those that failed before. Whatever keeps it from an engine, `why`
 * says it.
 */
export async function chooseEngine(
  wanted: "auto" | EngineName,
  device?: GPUDevice,
  failures: EngineFailures = new Map(),
): Promise<EngineChoice> {
  if (wanted !== "auto") {
    const engine = await open(wanted, device);
    return { engine, why: [`engine is ${wanted}`, ...noteOf(engine)].join(", and ") };
  }
  const fellBack = device !== undefined || failures.size > 0;
  const gpu = await unlessFailed("webgpu", failures, async () => {
    const slow = device ? undefined : await softwareAdapter();
    return slow === undefined
      ? webgpuEngine({ device, patience: PATIENCE_MS })
      : `the WebGPU adapter, ${slow}, is software on the processor itself`;
  });
  if (typeof gpu !== "string") {
    const found = device ? "a device is given" : `there is a GPU, ${gpu.adapter}`;
    return { engine: gpu, why: `engine is auto and ${found}` };
  }
  const wasm = await unlessFailed("wasm", failures, () => wasmEngine());
  if (typeof wasm !== "string") {
    return { engine: wasm, why: [`engine is auto and ${gpu}`, ...noteOf(wasm)].join(", and "), fellBack };
  }
  return { engine: referenceEngine(), why: `engine is auto, ${gpu}, and ${wasm}`, fellBack: true };
}

/** Returns what `find` finds, or the reason why there is nothing. */
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

async function open(name: EngineName, device?: GPUDevice): Promise<Engine> {
  switch (name) {
    case "webgpu":
      return webgpuEngine({ device });
    case "wasm":
      return wasmEngine();
    case "reference":
      return referenceEngine();
  }
}

/** The adapter's name, where it is software. No device is opened to find out. */
async function softwareAdapter(): Promise<string | undefined> {
  const { adapter, slow } = await findAdapter(PATIENCE_MS);
  return slow ? adapter : undefined;
}

/** Why an engine does not open, to go on after a colon. An option that is wrong is wrong on every engine. */
function reason(error: unknown): string {
  if (error instanceof OptionError) throw error;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
