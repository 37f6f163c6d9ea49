import { DeviceError } from "../errors.js";
import type { Engine } from "./engine.js";
import { referenceEngine } from "./reference/engine.js";
import { webgpuEngine } from "./webgpu/engine.js";

export interface Choice {
  readonly engine: Engine;
  /** Why this engine, in words for people. */
  readonly why: string;
}

/** Opens the engine asked for; "auto" is webgpu, or the reference where there is no adapter. */
export async function chooseEngine(
  wanted: "auto" | "webgpu" | "reference",
  device?: GPUDevice,
): Promise<Choice> {
  if (wanted === "reference") return { engine: referenceEngine(), why: "engine is reference" };
  if (wanted === "webgpu") return { engine: await webgpuEngine({ device }), why: "engine is webgpu" };
  try {
    const engine = await webgpuEngine({ device });
    return { engine, why: `engine is auto and there is an adapter, ${engine.adapter}` };
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    return { engine: referenceEngine(), why: `engine is auto and webgpu cannot be had: ${error.message}` };
  }
}
