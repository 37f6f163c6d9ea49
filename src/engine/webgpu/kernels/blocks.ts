/** What a block of rows goes through: all passes but the update. The fused and the tiled kernels are two ways to do it. */
import type { FloatArray } from "../../../core/rows.js";
import type { Gpu } from "../device/device.js";
import type { Edited, KernelName } from "./kernels.js";
import { type Bound, bound } from "./pipelines.js";
import type { Readback } from "../device/readback.js";
import type { Specialisation } from "./specialise.js";

/** Rows `order[first .. first + rows)`; `continues` when the step's earlier blocks are already in the slots. */
export interface Block {
  readonly first: number;
  readonly rows: number;
  readonly continues: boolean;
}

/** Rows `order[first .. first + rows)` in blocks of at most `most`. */
export function cutRows(first: number, rows: number, most: number): Block[] {
  return Array.from({ length: Math.ceil(rows / most) }, (_, n) => {
    const done = n * most;
    return { first: first + done, rows: Math.min(most, rows - done), continues: n > 0 };
  });
}

/** What the update needs to know of a step. */
export interface StepEntry {
  readonly learningRate: number;
  readonly gradientScale: number;
  readonly penalty: number;
  /** 1 − βᵗ for Adam's two moments. */
  readonly correction1: number;
  readonly correction2: number;
}

/** A block and, when it is its step's last, what the update needs. */
export interface Unit {
  readonly block: Block;
  readonly step?: StepEntry;
}

/** To train: add to the slots. To capture: and keep logits and residuals. To evaluate: only the sums. */
export type Mode = "train" | "capture" | "evaluate";

/** Stages of a block, on this thread. */
export interface Stages {
  /** (rows, classes) */
  readonly logits: Float32Array;
  readonly residual: Float32Array;
  /** (rows) */
  readonly losses: Float32Array;
}

export interface BlockPasses {
  /** Compiles what the mode needs, once. */
  prepare(mode: Mode): Promise<void>;
  /** Encodes a block whose entries of the uniform begin at n. */
  encode(pass: GPUComputePassEncoder, mode: Mode, n: number): void;
  /** Copies what a captured block of so many rows left behind. Call the result once the commands are submitted. */
  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages>;
}

/** The buffers that all ways share, by the names of the bindings. */
export type Buffers = Readonly<Record<string, GPUBuffer>>;

/** The compiled kernels of one problem, by keys of the caller's. */
export class KernelCache {
  readonly #gpu: Gpu;
  readonly #buffers: Buffers;
  readonly #edited: Edited;
  readonly #compiled = new Map<string, Bound>();

  constructor(gpu: Gpu, buffers: Buffers, edited: Edited) {
    this.#gpu = gpu;
    this.#buffers = buffers;
    this.#edited = edited;
  }

  /** Compiles a kernel, once; `more` are buffers that only it binds. */
  async add(
    key: string,
    name: KernelName,
    specialisation: Specialisation,
    more: Buffers = {},
  ): Promise<void> {
    if (this.#compiled.has(key)) return;
    const buffers = { ...this.#buffers, ...more };
    this.#compiled.set(key, await bound(this.#gpu, name, specialisation, buffers, this.#edited));
  }

  get(key: string): Bound {
    const kernel = this.#compiled.get(key);
    if (!kernel) throw new Error(`The kernel ${key} is used before it is compiled.`);
    return kernel;
  }
}

/** A buffer that kernels fill and that can be copied from. */
export function scratch(gpu: Gpu, label: string, bytes: number): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
  return gpu.buffer(label, bytes, usage);
}

/** Rows of `width` values to the first of every `stride`, zeros after them; `length` in all. */
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
