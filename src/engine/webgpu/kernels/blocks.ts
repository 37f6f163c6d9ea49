/** Blocks of rows and their passes, all but the update: the fused and the tiled kernels implement them. */
import type { FloatArray } from "../../../core/rows.js";
import type { Gpu } from "../device/device.js";
import type { KernelName } from "./kernels.js";
import { type Bound, bound } from "./pipelines.js";
import type { Readback } from "../device/readback.js";
import type { Specialisation } from "./specialise.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Rows `order[first .. first + rows)`, a part of a step or a pass. */
export interface Block {
  readonly first: number;
  readonly rows: number;
  /** Its number among the blocks of the step, from 0. */
  readonly number: number;
  readonly last: boolean;
}

/** Cuts rows `order[first .. first + rows)` into blocks of at most `most`. */
export function cutRows(first: number, rows: number, most: number): Block[] {
  const count = Math.ceil(rows / most);
  return Array.from({ length: count }, (_, number) => {
    const done = number * most;
    return { first: first + done, rows: Math.min(most, rows - done), number, last: number === count - 1 };
  });
}

/** The fields of a step that the update needs. */
export interface StepEntry {
  readonly learningRate: number;
  readonly gradientScale: number;
  readonly penalty: number;
  /** 1 − βᵗ for Adam's two moments. */
  readonly correction1: number;
  readonly correction2: number;
}

/** Returns the fields of a step in the order of the shaders. */
export function ratesOf({
  learningRate,
  gradientScale,
  penalty,
  correction1,
  correction2,
}: StepEntry): number[] {
  return [learningRate, gradientScale, penalty, correction1, correction2];
}

/** A block and, if it is the last of its step, the fields that the update needs. */
export interface Unit {
  readonly block: Block;
  readonly step?: StepEntry;
}

/** "train" adds gradients to the slots, "capture" also keeps logits and residuals, "evaluate" only sums. */
export type Mode = "train" | "capture" | "evaluate";

/** What the passes of a captured block computed, read back to this thread. */
export interface Stages {
  /** (rows, classes) */
  readonly logits: Float32Array;
  readonly residual: Float32Array;
  /** (rows) */
  readonly losses: Float32Array;
}

export interface BlockPasses {
  /** Compiles the kernels of a mode, once. */
  prepare(mode: Mode): Promise<void>;
  /** Encodes the passes of a block whose entries in the uniform begin at n. */
  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void;
  /** Encodes copies of the stages of a captured block of `rows` rows. Call the result after submitting. */
  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages>;
}

/** Buffers by the names of their bindings. */
export type Buffers = Readonly<Record<string, GPUBuffer>>;

/** The compiled kernels of one problem, by keys that the caller chooses. */
export class KernelCache {
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #compiled = new Map<string, Bound>();

  constructor(gpu: Gpu, buffers: Buffers) {
    this.#gpu = gpu;
    this.#buffers = buffers;
  }

  /** Compiles a kernel unless its key is already there; `more` are buffers that only it binds. */
  async add(
    key: string,
    name: KernelName,
    specialisation: Specialisation,
    more: Buffers = {},
  ): Promise<void> {
    if (this.#compiled.has(key)) return;
    const buffers = { ...this.#buffers, ...more };
    this.#compiled.set(key, await bound(this.#gpu, name, specialisation, buffers));
  }

  get(key: string): Bound {
    const kernel = this.#compiled.get(key);
    if (!kernel) throw new Error(`The kernel ${key} is used before it is compiled.`);
    return kernel;
  }
}

/** Creates a buffer that kernels fill and that can be copied from. */
export function scratch(gpu: Gpu, label: string, bytes: number): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  return gpu.buffer(label, bytes, usage);
}

/** Copies rows of `width` values to rows of `stride`, padded with zeros; `length` values in all. */
export function pad(
  rows: FloatArray,
  width: number,
  stride: number,
  length: number,
): Float32Array<ArrayBuffer> {
  const padded = new Float32Array(length);
  for (let n = 0; n * width < rows.length; n++) {
    padded.set(rows.subarray(n * width, (n + 1) * width), n * stride);
  }
  return padded;
}

/** Copies the first `width` of every `stride` values, from `offset` on, to rows of `width` values. */
export function unpad(padded: Float32Array, stride: number, width: number, offset = 0): Float32Array {
  const count = Math.ceil((padded.length - offset) / stride);
  const rows = new Float32Array(count * width);
  for (let n = 0; n < count; n++) {
    rows.set(padded.subarray(n * stride + offset, n * stride + offset + width), n * width);
  }
  return rows;
}

export function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
