/** The passes for small problems: many whole steps in one dispatch. */
import { type Buffers, KernelCache, type Mode, type Stages, type Unit, ratesOf } from "../kernels/blocks.js";
import { stepsKernel } from "../kernels/constants.js";
import type { DescentContext } from "./context.js";
import type { Gpu } from "../device/device.js";
import { ENTRY_BYTES as RUN_BYTES, dispatch } from "../kernels/pipelines.js";
import type { Readback } from "../device/readback.js";
import { Records } from "./records.js";
import type { Specialisation } from "../kernels/specialise.js";
import type { WholeTiling } from "../kernels/tiling.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Bytes of a step's entry. */
const ENTRY_BYTES = 32;
/** Most dispatches in one submission. */
const RUNS = 16;

/** Returns how many steps one submission can hold. */
export function wholeCapacity({ whole }: WholeTiling): number {
  return RUNS * whole.steps;
}

export class WholeSteps {
  readonly #gpu: Gpu;
  readonly #tiling: WholeTiling;
  readonly #records: Records;
  readonly #entries: GPUBuffer;
  readonly #run: GPUBuffer;
  readonly #kernels: KernelCache;
  readonly #kernelIn: (mode: Mode) => Specialisation;

  constructor({ gpu, placed, problem, tiling }: DescentContext<WholeTiling>, shared: Buffers) {
    this.#gpu = gpu;
    this.#tiling = tiling;
    this.#records = new Records(gpu, tiling, tiling.blockRows, 16 * tiling.count); // the gradient follows
    const create = (label: string, size: number, usage: number) =>
      gpu.buffer(label, size, usage | GPUBufferUsage.COPY_DST);
    this.#entries = create("entries", ENTRY_BYTES * this.capacity, GPUBufferUsage.STORAGE);
    this.#run = create("runs", RUN_BYTES * RUNS, GPUBufferUsage.UNIFORM);
    const own = { run: this.#run, entries: this.#entries, records: this.#records.buffer };
    this.#kernels = new KernelCache(gpu, { ...shared, ...own });
    this.#kernelIn = (mode) => stepsKernel(placed.rows, problem, tiling, mode);
  }

  /** Most steps in one submission. */
  get capacity(): number {
    return wholeCapacity(this.#tiling);
  }

  prepare(mode: Mode): Promise<void> {
    return this.#kernels.add(mode, "steps", this.#kernelIn(mode));
  }

  write(units: readonly Unit[]): void {
    const entries = new Uint32Array((units.length * ENTRY_BYTES) / 4);
    const reals = new Float32Array(entries.buffer);
    units.forEach(({ block, step }, n) => {
      if (!step) throw new Error("A whole step has no step.");
      const at = (n * ENTRY_BYTES) / 4;
      entries.set([block.first, block.rows], at);
      reals.set(ratesOf(step), at + 2);
    });
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.#entries, 0, entries);
    const runs = new Uint32Array((RUN_BYTES / 4) * RUNS);
    this.#runs(units.length).forEach(([first, steps], n) => runs.set([first, steps], (RUN_BYTES / 4) * n));
    queue.writeBuffer(this.#run, 0, runs);
  }

  encode(pass: GPUComputePassEncoder, mode: Mode, units: readonly Unit[]): void {
    this.#runs(units.length).forEach((_, n) => dispatch(pass, this.#kernels.get(mode), n, 1));
  }

  /** Returns the first step of each dispatch, and its number of steps. */
  #runs(steps: number): [first: number, steps: number][] {
    const { steps: most } = this.#tiling.whole;
    return Array.from({ length: Math.ceil(steps / most) }, (_, n) => [
      n * most,
      Math.min(most, steps - n * most),
    ]);
  }

  stages(readback: Readback, encoder: GPUCommandEncoder, rows: number): () => Promise<Stages> {
    return this.#records.stages(readback, encoder, rows);
  }

  gradient(readback: Readback, encoder: GPUCommandEncoder): () => Promise<ArrayBuffer> {
    const { buffer, bytes } = this.#records;
    return readback.copy(encoder, buffer, 16 * this.#tiling.count, bytes);
  }
}
