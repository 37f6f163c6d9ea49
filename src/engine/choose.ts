import { OptionError } from "../errors.js";
import type { Engine, EngineName } from "./engine.js";
import { referenceEngine } from "./reference/engine.js";
import { wasmEngine } from "./wasm/engine.js";
import { findAdapter } from "./webgpu/adapter.js";
import { webgpuEngine } from "./webgpu/engine.js";

export interface Choice {
  readonly engine: Engine;
  /** Why this engine, in words for people. */
  readonly why: string;
  /** Whether a faster engine that this machine should have was tried, and failed. */
  readonly fellBack?: boolean;
}

/** Milliseconds that the browser may take for an adapter, and for a device, before "auto" goes on without. */
const PATIENCE_MS = 10_000;

/**
 * Opens the engine asked for. "auto" is webgpu on the device given or on a GPU, else wasm, and the reference where
 * neither is available. Whatever keeps an engine from opening, `why` says it.
 */
export async function chooseEngine(wanted: "auto" | EngineName, device?: GPUDevice): Promise<Choice> {
  if (wanted !== "auto") return { engine: await open(wanted, device), why: `engine is ${wanted}` };
  const reasons: string[] = [];
  try {
    const slow = device ? undefined : await softwareAdapter();
    if (slow === undefined) {
      const engine = await webgpuEngine({ device, patience: PATIENCE_MS });
      const found = device ? "a device is given" : `there is a GPU, ${engine.adapter}`;
      return { engine, why: `engine is auto and ${found}` };
    }
    reasons.push(`the WebGPU adapter, ${slow}, is software on the processor itself`);
  } catch (error) {
    reasons.push(`webgpu is not available: ${reason(error)}`);
  }
  try {
    const fellBack = device !== undefined;
    return { engine: await wasmEngine(), why: `engine is auto and ${reasons[0]}`, fellBack };
  } catch (error) {
    reasons.push(`and wasm is not available: ${reason(error)}`);
  }
  return { engine: referenceEngine(), why: `engine is auto, ${reasons.join(", ")}`, fellBack: true };
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
