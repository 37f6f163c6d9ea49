/** Commands of one turn of the event loop: encoded one after the other, submitted and answered together. */
import type { Buffers } from "./blocks.js";
import type { Gpu } from "./device.js";
import { KERNELS } from "./kernels.js";
import { type Compiled, ENTRY_BYTES, bind, dispatch } from "./pipelines.js";
import { Readback } from "./readback.js";
import type { ObjectiveTiling } from "./tiling.js";

/** Dispatches that one submission can hold. */
const ENTRIES = 256;
/** And partial sums: no dispatch has more workgroups that write one. */
const SUMS = 2 ** 17;

export interface Dispatch {
  readonly kernel: Compiled;
  /** By the names of its bindings. The uniform, and the sums, are there already. */
  readonly buffers: Buffers;
  /** What its uniform holds: whole numbers, then f32s. */
  readonly whole: readonly number[];
  readonly real?: readonly number[];
  readonly groups: readonly [x: number, y?: number, z?: number];
  /** About as many multiply-adds take as long. */
  readonly macs: number;
}

interface Batch {
  readonly encoder: GPUCommandEncoder;
  pass: GPUComputePassEncoder | undefined;
  entries: number;
  sums: number;
  macs: number;
  /** Called once the batch is submitted, each with all partial sums to come. */
  readonly asked: ((sums: Promise<Float32Array>) => void)[];
  /** Called once the batch is submitted. */
  readonly copied: (() => void)[];
}

export class Commands {
  readonly #gpu: Gpu;
  readonly #readback: Readback;
  /** The uniform, of one entry a dispatch. */
  readonly #uniform: GPUBuffer;
  readonly #entries = new DataView(new ArrayBuffer(ENTRIES * ENTRY_BYTES));
  /** Partial sums, vectors of four. */
  readonly #sums: GPUBuffer;
  readonly #mostMacs: number;
  #batch: Batch | undefined;

  constructor(gpu: Gpu, { submissionMacs }: ObjectiveTiling) {
    this.#gpu = gpu;
    this.#readback = new Readback(gpu);
    const { UNIFORM, STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
    this.#uniform = gpu.buffer("entries", ENTRIES * ENTRY_BYTES, UNIFORM | COPY_DST);
    this.#sums = gpu.buffer("partial sums", 16 * SUMS, STORAGE | COPY_SRC);
    this.#mostMacs = submissionMacs;
  }

  dispatch(one: Dispatch): void {
    this.#encode(this.#room(one.macs, 0), one);
  }

  /** A dispatch whose workgroups write a partial sum each, from a place on that ends its whole numbers. (workgroups, 4) */
  sums(one: Dispatch): Promise<Float32Array> {
    const [x, y = 1, z = 1] = one.groups;
    const count = x * y * z;
    const batch = this.#room(one.macs, count);
    const place = batch.sums;
    batch.sums += count;
    this.#encode(batch, { ...one, whole: [...one.whole, place] });
    return new Promise<Float32Array>((resolve) => batch.asked.push(resolve)).then((all) =>
      all.subarray(4 * place, 4 * (place + count)),
    );
  }

  /** A buffer's first bytes, as they are when all that was encoded before is done. */
  read(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const batch = this.#room(0, 0);
    batch.pass?.end();
    batch.pass = undefined;
    const read = this.#readback.copy(batch.encoder, buffer, bytes);
    return new Promise((resolve) => batch.copied.push(() => resolve(read())));
  }

  /** Submits what was encoded. The end of the turn does so by itself. */
  submit(): void {
    if (!this.#batch) return;
    const { encoder, pass, entries, sums, asked, copied } = this.#batch;
    this.#batch = undefined;
    pass?.end();
    const { queue } = this.#gpu.device;
    const read = sums > 0 ? this.#readback.copy(encoder, this.#sums, 16 * sums) : undefined;
    queue.writeBuffer(this.#uniform, 0, this.#entries, 0, entries * ENTRY_BYTES);
    queue.submit([encoder.finish()]);
    if (read) {
      const all = read().then((bytes) => new Float32Array(bytes));
      for (const resolve of asked) resolve(all);
    }
    for (const resolve of copied) resolve();
  }

  release(): void {
    this.submit();
    this.#readback.release();
    for (const buffer of [this.#uniform, this.#sums]) this.#gpu.destroy(buffer);
  }

  /** A batch that has room for one dispatch more. */
  #room(macs: number, sums: number): Batch {
    const full =
      this.#batch &&
      (this.#batch.entries === ENTRIES ||
        16 * (this.#batch.sums + sums) > this.#sums.size ||
        (this.#batch.macs > 0 && this.#batch.macs + macs > this.#mostMacs));
    if (full) this.submit();
    if (!this.#batch) {
      const encoder = this.#gpu.device.createCommandEncoder({ label: "commands" });
      this.#batch = { encoder, pass: undefined, entries: 0, sums: 0, macs: 0, asked: [], copied: [] };
      queueMicrotask(() => this.submit());
    }
    return this.#batch;
  }

  #encode(batch: Batch, { kernel, buffers, whole, real = [], groups, macs }: Dispatch): void {
    batch.pass ??= batch.encoder.beginComputePass({ label: "commands" });
    batch.macs += macs;
    const at = batch.entries * ENTRY_BYTES;
    whole.forEach((value, n) => this.#entries.setUint32(at + 4 * n, value, true));
    real.forEach((value, n) => this.#entries.setFloat32(at + 4 * (whole.length + n), value, true));
    const [uniform] = Object.keys(KERNELS[kernel.name].bindings); // the first of all
    const bound = bind(this.#gpu, kernel, { ...buffers, [uniform]: this.#uniform, sums: this.#sums });
    dispatch(batch.pass, bound, batch.entries++, ...groups);
  }
}
