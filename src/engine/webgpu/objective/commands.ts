/** Commands of one turn of the event loop: encoded in order, and submitted and answered together. */
import { BindGroups } from "./bind-groups.js";
import type { Gpu } from "../device/device.js";
import { type Bindings, type Compiled, ENTRY_BYTES, dispatch } from "../kernels/pipelines.js";
import { Readback } from "../device/readback.js";
import type { ObjectiveTiling } from "../kernels/tiling.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Most dispatches in one submission. */
const ENTRIES = 256;
/** Bytes of a dispatch's entry in the uniform, as a multiple of ENTRY_BYTES. */
const WIDTH = 8;
/** Most partial sums in one submission. No dispatch writes more. */
export const SUMS = 2 ** 17;

export interface Dispatch {
  readonly kernel: Compiled;
  /** `Commands` binds the uniform and the sums itself. */
  readonly buffers: Bindings;
  /** The contents of its uniform entry: `whole` as u32s, then `real` as f32s. */
  readonly whole: readonly number[];
  readonly real?: readonly number[];
  readonly groups: readonly [x: number, y?: number, z?: number];
  /** Estimated cost, as a number of multiply-adds. */
  readonly macs: number;
}

/** A copy of a range of a buffer, in order with the dispatches. */
interface Copy {
  readonly source: GPUBuffer;
  readonly bytes: number;
  readonly offset: number;
}

/** The results of a submission. */
interface Answers {
  /** (sums, 4) all partial sums. */
  readonly sums: Promise<Float32Array> | undefined;
  readonly copies: ReadonlyMap<Copy, Promise<ArrayBuffer>>;
}

interface Batch {
  readonly work: (Dispatch | Copy)[];
  dispatches: number;
  sums: number;
  macs: number;
  /** Rejects with a DeviceError if the submission fails. */
  readonly submitted: Promise<Answers>;
  settle(answers: Promise<Answers>): void;
}

export class Commands {
  readonly #gpu: Gpu;
  readonly #readback: Readback;
  readonly #groups: BindGroups;
  /** The uniform, with one entry per dispatch. */
  readonly #uniform: GPUBuffer;
  readonly #entries = new DataView(new ArrayBuffer(ENTRIES * WIDTH * ENTRY_BYTES));
  /** (SUMS, 4) partial sums. */
  readonly #sums: GPUBuffer;
  readonly #mostMacs: number;
  #batch: Batch | undefined;

  constructor(gpu: Gpu, { submissionMacs }: ObjectiveTiling) {
    this.#gpu = gpu;
    this.#readback = new Readback(gpu);
    this.#groups = new BindGroups(gpu, WIDTH * ENTRY_BYTES);
    const { UNIFORM, STORAGE, COPY_DST, COPY_SRC } = GPUBufferUsage;
    this.#uniform = gpu.buffer("entries", this.#entries.byteLength, UNIFORM | COPY_DST);
    this.#sums = gpu.buffer("partial sums", 16 * SUMS, STORAGE | COPY_SRC);
    this.#mostMacs = submissionMacs;
  }

  dispatch(one: Dispatch): void {
    const batch = this.#room(one.macs, 0);
    batch.work.push(one);
    batch.dispatches++;
    batch.macs += one.macs;
  }

  /**
   * Queues a dispatch that writes `count` partial sums, and resolves to these, (count, 4). The place of the
   * first is appended to `whole`.
   */
  async sums(one: Dispatch, count: number): Promise<Float32Array> {
    const batch = this.#room(one.macs, count);
    const place = batch.sums;
    batch.sums += count;
    this.dispatch({ ...one, whole: [...one.whole, place] });
    const all = await (await batch.submitted).sums;
    if (!all) throw new Error("A submission with sums has read none.");
    return all.subarray(4 * place, 4 * (place + count));
  }

  /** Resolves to `bytes` bytes of a buffer from `offset` on, as they are after all commands queued before. */
  async read(source: GPUBuffer, bytes: number, offset = 0): Promise<ArrayBuffer> {
    const batch = this.#room(0, 0);
    const copy = { source, bytes, offset };
    batch.work.push(copy);
    const read = (await batch.submitted).copies.get(copy);
    if (!read) throw new Error("A submission with a copy has read none.");
    return read;
  }

  /** Submits the commands queued so far, which otherwise happens at the end of the turn. */
  submit(): void {
    const batch = this.#batch;
    this.#batch = undefined;
    batch?.settle(this.#submit(batch));
  }

  /** Encodes and submits synchronously, so that any errors belong to this batch. */
  async #submit(batch: Batch): Promise<Answers> {
    const { device } = this.#gpu;
    try {
      const { sums, copies } = this.#gpu.run(() => {
        const encoder = device.createCommandEncoder({ label: "commands" });
        const copies = this.#encode(encoder, batch);
        const sums = batch.sums > 0 ? this.#readback.copy(encoder, this.#sums, 16 * batch.sums) : undefined;
        device.queue.writeBuffer(
          this.#uniform,
          0,
          this.#entries.buffer,
          0,
          batch.dispatches * WIDTH * ENTRY_BYTES,
        );
        device.queue.submit([encoder.finish()]);
        return { sums, copies };
      });
      return {
        sums: sums?.().then((bytes) => new Float32Array(bytes)),
        copies: new Map(copies.map(([copy, read]) => [copy, read()])),
      };
    } catch (cause) {
      throw await this.#gpu.explained(cause);
    }
  }

  /** Returns a batch with room for one more dispatch, submitting a full one first. */
  #room(macs: number, sums: number): Batch {
    const full =
      this.#batch &&
      (this.#batch.dispatches === ENTRIES ||
        16 * (this.#batch.sums + sums) > this.#sums.size ||
        (this.#batch.macs > 0 && this.#batch.macs + macs > this.#mostMacs));
    if (full) this.submit();
    if (!this.#batch) {
      this.#batch = newBatch();
      queueMicrotask(() => this.submit());
    }
    return this.#batch;
  }

  /** Encodes a batch. Returns its copies, which can be read once the commands are submitted. */
  #encode(encoder: GPUCommandEncoder, { work }: Batch): [Copy, () => Promise<ArrayBuffer>][] {
    const copies: [Copy, () => Promise<ArrayBuffer>][] = [];
    let pass: GPUComputePassEncoder | undefined;
    let entries = 0;
    for (const one of work) {
      if ("kernel" in one) {
        pass ??= encoder.beginComputePass({ label: "commands" });
        this.#encodeDispatch(pass, one, entries++);
      } else {
        pass?.end();
        pass = undefined;
        copies.push([one, this.#readback.copy(encoder, one.source, one.bytes, one.offset)]);
      }
    }
    pass?.end();
    return copies;
  }

  #encodeDispatch(
    pass: GPUComputePassEncoder,
    { kernel, buffers, whole, real = [], groups }: Dispatch,
    entry: number,
  ): void {
    const at = entry * WIDTH * ENTRY_BYTES;
    whole.forEach((value, n) => this.#entries.setUint32(at + 4 * n, value, true));
    real.forEach((value, n) => this.#entries.setFloat32(at + 4 * (whole.length + n), value, true));
    const [uniform] = kernel.bindings;
    const all = { ...buffers, [uniform.name]: this.#uniform, sums: this.#sums };
    dispatch(pass, this.#groups.get(kernel, all), entry * WIDTH, ...groups);
  }
}

function newBatch(): Batch {
  let settle: Batch["settle"] = () => {};
  const submitted = new Promise<Answers>((resolve) => (settle = resolve));
  submitted.catch(() => {}); // the callers that await it handle the rejection
  return { work: [], dispatches: 0, sums: 0, macs: 0, submitted, settle };
}
