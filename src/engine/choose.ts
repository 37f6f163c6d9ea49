import { DeviceError } from "../errors.js";
import type { Engine, EngineName } from "./engine.js";
import { referenceEngine } from "./reference/engine.js";
import { wasmEngine } from "./wasm/engine.js";
import { findAdapter } from "./webgpu/device.js";
import { webgpuEngine } from "./webgpu/engine.js";

export interface Choice {
  readonly engine: Engine;
  /** Why this engine, in words for people. */
  readonly why: string;
  /** Whether a faster engine that this machine should have was tried, and failed. */
  readonly fellBack?: boolean;
}

/**
 * Opens the engine asked for. "auto" is webgpu on the device given or on a GPU, else wasm, and the reference where
 * neither can be had.
 */
export async function chooseEngine(wanted: "auto" | EngineName, device?: GPUDevice): Promise<Choice> {
  if (wanted !== "auto") return { engine: await open(wanted, device), why: `engine is ${wanted}` };
  if (device) return { engine: await open("webgpu", device), why: "engine is auto and a device is given" };
  const noGpu = await whyNoGpu();
  if (noGpu === undefined) {
    const engine = await open("webgpu");
    return { engine, why: `engine is auto and there is a GPU, ${engine.adapter}` };
  }
  try {
    return { engine: await open("wasm"), why: `engine is auto and ${noGpu}` };
  } catch (error) {
    const why = `engine is auto, ${noGpu}, and wasm cannot be had: ${reason(error)}`;
    return { engine: await open("reference"), why, fellBack: true };
  }
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

/** Undefined where there is one. Nothing is opened to find out. */
async function whyNoGpu(): Promise<string | undefined> {
  try {
    const { adapter, slow } = await findAdapter();
    return slow ? `the WebGPU adapter, ${adapter}, is software on the processor itself` : undefined;
  } catch (error) {
    return `webgpu cannot be had: ${reason(error)}`;
  }
}

/** Of an engine that cannot be had. What is no DeviceError is thrown on. */
function reason(error: unknown): string {
  if (error instanceof DeviceError) return error.message.replace(/\.$/, "");
  throw error;
}
