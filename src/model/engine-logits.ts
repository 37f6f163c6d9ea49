/** The logits of a model on an engine, block by block, so that those of all rows are never kept at once. */
import { checkAdapter, checkDevice, checkSignal, oneOf, parseNamed } from "../core/checks.js";
import { range } from "../core/random.js";
import type { RowSource } from "../core/row-source.js";
import type { FeatureRows, FloatArray } from "../core/rows.js";
import { spaced } from "../data/sample.js";
import { inUnits } from "../data/units.js";
import { addOffsets } from "../math/passes.js";
import { ENGINES, type Engine, type EngineName, type Placement } from "../engine/engine.js";
import type { GPUDevice } from "../engine/gpu-device.js";
import type { LogitsPass } from "../engine/logits-pass.js";
import { type Opened, openEngine } from "../engine/open.js";
import { type Runtime, checkRuntime } from "../engine/runtime.js";
import { checkFinite } from "./logits.js";
import type { ModelParts } from "./parts.js";

/** Where a model computes. */
export interface ComputeOptions {
  /**
   * The engine. Default "auto": f64 on the calling thread where that takes some milliseconds, else the
   * fastest engine of the machine.
   */
  readonly engine?: "auto" | EngineName | undefined;
  /** For webgpu: a GPUDevice to compute on. Default: one that smigh opens. */
  readonly device?: GPUDevice | undefined;
  /** For webgpu: the adapter, as for trainings. */
  readonly adapter?: string | undefined;
  /** Owns the device and threads. Default: the runtime that all share. */
  readonly runtime?: Runtime | undefined;
  /** Aborts the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The checks of ComputeOptions, in the order in which messages list them. */
export const COMPUTE_CHECKS = {
  engine: oneOf("auto", ...ENGINES),
  device: checkDevice,
  adapter: checkAdapter,
  runtime: checkRuntime,
  signal: checkSignal,
} as const;

/** The engine that computed, and why it was chosen. */
export interface UsedEngine {
  /** "webgpu", "wasm" or "reference". */
  readonly name: EngineName;
  /** The name of the GPU adapter, or the kernels and threads on the CPU. */
  readonly adapter: string;
  /** Why it was chosen, in words. */
  readonly why: string;
}

/** Logits of consecutive rows. */
export interface LogitBlock {
  /** Number of the first row. */
  readonly first: number;
  readonly count: number;
  /** (count, classes) */
  readonly z: FloatArray;
}

/** Below this many multiply-adds f64 loops on the calling thread are done before an engine is open. */
const FEW_MACS = 2 ** 22;
/** Most values of X that are placed at a time. */
const PLACED_VALUES = 2 ** 24;
/** Logits of a block, and its least and most rows. */
const BLOCK_VALUES = 2 ** 22;
const BLOCK_ROWS = { least: 64, most: 4096 };
/** Rows that the mean of a feature is estimated from. */
const SAMPLE = 256;
/**
 * X is placed less its mean where Σ |mean|·|w| is above the first of these, so that f32 would lose 1e-6 of a
 * logit. Features that make it more than the second may not fit f32, and `place` names them as they are.
 */
const FAR = { least: 16, most: 1e30 };

/** Consecutive rows that are placed together. */
interface Chunk {
  readonly first: number;
  readonly rows: RowSource;
}

/** The logits of rows on an open engine, which may be read more than once. */
export class EngineLogits {
  readonly #model: ModelParts;
  readonly #rows: FeatureRows;
  readonly #weights: FloatArray;
  readonly #opened: Opened<LogitsPass>;
  readonly #chunks: readonly Chunk[];

  private constructor(
    model: ModelParts,
    rows: FeatureRows,
    weights: FloatArray,
    chunks: readonly Chunk[],
    opened: Opened<LogitsPass>,
  ) {
    this.#model = model;
    this.#rows = rows;
    this.#weights = weights;
    this.#chunks = chunks;
    this.#opened = opened;
  }

  /** Opens an engine, and places the rows or the first of them. Throws as `chooseEngine` and `place` do. */
  static async open(model: ModelParts, rows: FeatureRows, options: ComputeOptions): Promise<EngineLogits> {
    const { engine: wanted = "auto", ...others } = parseNamed(options, COMPUTE_CHECKS);
    const classes = model.classes.length;
    const { count, features } = rows;
    const few = wanted === "auto" && !options.device && count * features * classes < FEW_MACS;
    const engine = few ? "reference" : wanted;
    const exact = engine === "reference";
    const origin = exact ? model.origin : originOf(model, rows);
    const weights = weightsFrom(model, origin);
    const chunkRows = Math.max(1, Math.floor(PLACED_VALUES / Math.max(1, features)));
    const chunks = Array.from({ length: Math.ceil(count / chunkRows) }, (_, n) =>
      chunkOf(rows, n * chunkRows, chunkRows, origin, exact),
    );
    const pass = { rows: count, features, classes, waits: true };
    const opened = await openEngine({ ...others, engine, pass }, chunks[0].rows, (placement) =>
      startPass(placement, chunks[0].rows.count, weights, classes),
    );
    return new EngineLogits(model, rows, weights, chunks, opened);
  }

  /** The engine, and why it was chosen. */
  get engine(): UsedEngine {
    const { engine, why } = this.#opened;
    return { name: engine.name, adapter: engine.adapter, why };
  }

  /** Yields the logits of all rows in order. Throws a DataError where one is not finite. */
  async *blocks(): AsyncGenerator<LogitBlock> {
    const [kept, ...others] = this.#chunks;
    yield* this.#read(kept, this.#opened.started);
    for (const chunk of others) {
      const { pass, release } = await this.#place(chunk, this.#opened.engine);
      try {
        yield* this.#read(chunk, pass);
      } finally {
        release();
      }
    }
  }

  close(): void {
    this.#opened.started.release();
    this.#opened.release();
  }

  async #place(chunk: Chunk, engine: Engine): Promise<{ pass: LogitsPass; release(): void }> {
    const placement = await engine.place(chunk.rows);
    try {
      const pass = await startPass(placement, chunk.rows.count, this.#weights, this.#model.classes.length);
      const release = () => {
        pass.release();
        placement.release();
      };
      return { pass, release };
    } catch (error) {
      placement.release();
      throw error;
    }
  }

  /** Reads the logits of a chunk. The engine works on the next block while the caller has this one. */
  async *#read(chunk: Chunk, pass: LogitsPass): AsyncGenerator<LogitBlock> {
    const { count } = chunk.rows;
    const request = (first: number) => {
      const some = Math.min(pass.blockRows, count - first);
      const z = pass.logits(first, some);
      z.catch(() => {}); // whoever awaits it handles the rejection
      return { some, z };
    };
    let next = request(0);
    for (let first = 0; first < count;) {
      const { some } = next;
      const z = await next.z;
      addOffsets(this.#rows, range(some, chunk.first + first), z, this.#model.classes.length);
      const past = first + some;
      if (past < count) next = request(past);
      checkFinite(z, this.#model, this.#rows, chunk.first + first);
      yield { first: chunk.first + first, count: some, z };
      first = past;
    }
  }
}

/** Starts the pass over `count` placed rows, in blocks that hold a bounded number of logits. */
export function startPass(
  placement: Placement,
  count: number,
  weights: FloatArray,
  classes: number,
): Promise<LogitsPass> {
  const { least, most } = BLOCK_ROWS;
  const fitting = Math.max(least, Math.min(most, Math.floor(BLOCK_VALUES / classes)));
  return placement.logits({ classes, weights, blockRows: Math.min(count, fitting) });
}

/** Cuts a chunk, less the origin, which is subtracted in f64 and then rounded to f32 unless it is `exact`. */
function chunkOf(
  rows: FeatureRows,
  first: number,
  most: number,
  origin: Float64Array | undefined,
  exact: boolean,
): Chunk {
  const { features, scale, numbers } = rows;
  const count = Math.min(most, rows.count - first);
  const chunk = {
    count,
    features,
    scale,
    x: rows.x.subarray(first * features, (first + count) * features),
    labels: new Uint32Array(count),
    numbers: numbers?.subarray(first, first + count) ?? range(count, first),
  };
  if (!origin) return { first, rows: chunk };
  const unit = new Float64Array(features).fill(1);
  return { first, rows: inUnits(chunk, { origin, unit }, exact) };
}

/**
 * The origin to subtract from x before it is placed: the model's own, or the mean of features that are so
 * far from 0 that f32 would lose digits of the logits. Undefined where none is needed. Bytes and halves are
 * placed as they are unless the model has an origin.
 */
function originOf(model: ModelParts, rows: FeatureRows): Float64Array | undefined {
  if (model.origin) return model.origin;
  const { x, features } = rows;
  if (x.BYTES_PER_ELEMENT < 4) return undefined;
  const sample = spaced(range(rows.count), SAMPLE);
  const classes = model.classes.length;
  const mean = new Float64Array(features);
  let loss = 0;
  for (let d = 0; d < features; d++) {
    for (const row of sample) mean[d] += x[row * features + d] / sample.length;
    const weights = model.weights.subarray(d * classes, (d + 1) * classes);
    loss += Math.abs(mean[d]) * weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0);
  }
  return loss > FAR.least && loss < FAR.most ? mean : undefined;
}

/** Returns the weights, (features + 1, classes), with the logits at `origin` as the intercept. */
function weightsFrom(model: ModelParts, origin: Float64Array | undefined): Float64Array {
  const { weights, bias } = model;
  const k = bias.length;
  const all = new Float64Array(weights.length + k);
  all.set(weights);
  const intercept = all.subarray(weights.length);
  intercept.set(bias);
  if (model.origin || !origin) return all;
  for (let i = 0; i < weights.length; i++) intercept[i % k] += origin[Math.floor(i / k)] * weights[i];
  return all;
}
