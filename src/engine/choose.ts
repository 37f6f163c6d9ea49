/** Chooses and opens an engine: the one named, or for "auto" the fastest that this machine offers. */
import { OptionError } from "../core/errors.js";
import type { Engine, EngineName } from "./engine.js";
import { LEAST_MACS } from "./least-macs.js";
import { type Runtime, checkRuntime, defaultRuntime } from "./runtime.js";
import { findAdapter } from "./webgpu/device/adapter.js";
import { answersFromTimer } from "./webgpu/device/nudge.js";

/** What "auto" tries. Where wasm failed, a thread may have died, which the calling thread does without. */
export type Attempt = EngineName | "wasm on one thread";

export interface EngineChoice {
  readonly engine: Engine;
  readonly attempt: Attempt;
  /** Why this engine, in words for people. */
  readonly why: string;
  /** True if "auto" passed over a faster engine that should work on this machine. */
  readonly fellBack?: boolean;
}

/** What failed after it had opened, with the errors. */
type EngineFailures = ReadonlyMap<Attempt, Error>;

/** The work between two decisions of the solver: a pass over all rows, or over those of a mini-batch. */
export interface PassShape {
  readonly rows: number;
  readonly features: number;
  readonly classes: number;
  /** The solver waits for the result of each pass, as lbfgs and newton do. Steps are queued ahead instead. */
  readonly waits: boolean;
}

export interface ChooseOptions {
  /** Opens the engine. Default: the runtime that trainings share. */
  readonly runtime?: Runtime | undefined;
  /** A device for webgpu. */
  readonly device?: GPUDevice | undefined;
  /** The adapter for webgpu. */
  readonly adapter?: string | undefined;
  /** What the engine is for. Default: more work than a GPU needs to pay. */
  readonly pass?: PassShape;
  /** Engines that "auto" skips. */
  readonly failures?: EngineFailures;
}

/** Milliseconds that "auto" waits for an adapter, and again for a device, before it tries the next engine. */
const PATIENCE_MS = 10_000;

/**
 * Opens the engine `wanted`. "auto" is wasm for a pass that is too small for a GPU, else webgpu on a GPU, or
 * on the given device whatever the pass, and else the one of the two that is left, or the reference. It skips
 * the engines in `failures`, and `why` gives the reason for each engine that it did not take.
 *
 * @throws {DeviceError} if `wanted` names an engine that is not available.
 * @throws {RuntimeClosedError} if the runtime is closed.
 */
export async function chooseEngine(
  wanted: "auto" | EngineName,
  { runtime = defaultRuntime(), device, adapter, pass, failures = new Map() }: ChooseOptions = {},
): Promise<EngineChoice> {
  checkRuntime("runtime", runtime); // narrows it to one that opens engines
  if (wanted !== "auto") {
    const engine = await runtime.open(wanted, { device, adapter });
    return { engine, attempt: wanted, why: [`engine is ${wanted}`, ...noteOf(engine)].join(", and ") };
  }
  const opening = {
    webgpu: async () => {
      const slow = device ? undefined : await softwareAdapter(adapter);
      return slow === undefined
        ? runtime.open("webgpu", { device, adapter, patience: PATIENCE_MS })
        : `the WebGPU adapter, ${slow}, is software on the processor itself`;
    },
    wasm: () => runtime.open("wasm"),
    "wasm on one thread": () => runtime.open("wasm", { alone: true }),
  };
  const small = device || !pass ? undefined : smallness(pass);
  const reasons = small === undefined ? [] : [small];
  const onCpu = failures.has("wasm") ? (["wasm", "wasm on one thread"] as const) : (["wasm"] as const);
  const order = small === undefined ? (["webgpu", ...onCpu] as const) : ([...onCpu, "webgpu"] as const);
  for (const name of order) {
    const engine = await unlessFailed(name, failures, opening[name]);
    if (typeof engine === "string") {
      reasons.push(engine);
      continue;
    }
    if (name === "webgpu") reasons.push(device ? "a device is given" : `there is a GPU, ${engine.adapter}`);
    const fellBack = failures.size > 0 || (device !== undefined && name !== "webgpu");
    const why = [autoBecause(reasons), ...noteOf(engine)].join(", and ");
    return { engine, attempt: name, why, fellBack };
  }
  const engine = await runtime.open("reference");
  return { engine, attempt: "reference", why: autoBecause(reasons), fellBack: true };
}

/** Says that a pass is too small for a GPU, or returns undefined if it is not. */
function smallness({ rows, features, classes, waits }: PassShape): string | undefined {
  const least = LEAST_MACS[waits ? (answersFromTimer() ? "waitingInFirefox" : "waiting") : "queued"];
  if (rows * features * classes >= least) return undefined;
  return (
    `${rows} rows × ${features} features × ${classes} classes are fewer than the ${least.toLocaleString("en")} ` +
    "multiply-adds from which a GPU pays"
  );
}

function autoBecause(reasons: readonly string[]): string {
  if (reasons.length === 1) return `engine is auto and ${reasons[0]}`;
  return `engine is auto, ${reasons.slice(0, -1).join(", ")}, and ${reasons.at(-1)}`;
}

/** Opens an engine with `find`. Returns the reason as a string if it is not available or failed before. */
async function unlessFailed(
  name: Attempt,
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
async function softwareAdapter(wanted: string | undefined): Promise<string | undefined> {
  const { adapter, slow } = await findAdapter({ adapter: wanted, patience: PATIENCE_MS });
  return slow ? adapter : undefined;
}

/** Formats an error to follow a colon. Rethrows an OptionError: a wrong option is wrong on every engine. */
function reason(error: unknown): string {
  if (error instanceof OptionError) throw error;
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
