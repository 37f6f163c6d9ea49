/** The passes of one problem on one device: its buffers, its compiled kernels, and how each is dispatched. */
import { type FloatArray, type Problem, type Rows, momentsOf } from "../engine.js";
import { type Gpu, allocating } from "./device.js";
import type { Edited, KernelName } from "./kernels.js";
import { KERNELS } from "./kernels.js";
import { type Pipeline, bind, compile } from "./pipelines.js";
import type { PlacedRows } from "./placement.js";
import { type Tiling, grid } from "./tiling.js";

/** Blocks, and steps, that one submission can hold. */
export const CAPACITY = 256;
/** A uniform's entries lie this far apart: the largest alignment that an implementation may ask for. */
const ENTRY_BYTES = 256;

/** Rows `order[first .. first + rows)`; `continues` when the step's earlier blocks are already in the slots. */
export interface Block {
  readonly first: number;
  readonly rows: number;
  readonly continues: boolean;
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

type Buffers = Readonly<
  Record<
    | "order"
    | "blocks"
    | "steps"
    | "weights"
    | "moment1"
    | "moment2"
    | "logits"
    | "rowSums"
    | "slots"
    | "slotSums"
    | "gradient"
    | "ring",
    GPUBuffer
  >
>;

interface Bound {
  readonly pipeline: Pipeline;
  readonly group: GPUBindGroup;
}

export class GpuPasses {
  readonly tiling: Tiling;
  readonly buffers: Buffers;
  readonly #device: GPUDevice;
  readonly #kernels: Readonly<Record<Exclude<KernelName, "gather">, Bound>>;
  /** A gather for every shard, when there are several. */
  readonly #gathers: readonly Bound[];
  readonly #all: readonly GPUBuffer[];

  private constructor(
    device: GPUDevice,
    tiling: Tiling,
    buffers: Buffers,
    kernels: Readonly<Record<Exclude<KernelName, "gather">, Bound>>,
    gathers: readonly Bound[],
    all: readonly GPUBuffer[],
  ) {
    this.#device = device;
    this.tiling = tiling;
    this.buffers = buffers;
    this.#kernels = kernels;
    this.#gathers = gathers;
    this.#all = all;
  }

  static async create(
    gpu: Gpu,
    rows: Rows,
    placed: PlacedRows,
    problem: Problem,
    tiling: Tiling,
    edited: Edited,
  ): Promise<GpuPasses> {
    const { device } = gpu;
    const pipelines = await compileAll(gpu, rows, problem, tiling, edited);
    const { count, blockRows, classes4, slots, rowWords } = tiling;
    const all: GPUBuffer[] = [];
    const create = (label: string, bytes: number, usage = GPUBufferUsage.STORAGE) => {
      const buffer = device.createBuffer({
        label,
        size: Math.max(16, bytes),
        usage: usage | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
      });
      all.push(buffer);
      return buffer;
    };
    const what = `${rows.features} features × ${problem.classes} classes with blocks of ${blockRows} rows`;
    return allocating(gpu, what, async () => {
      const moments = momentsOf(problem.rule);
      const buffers = {
        order: create("order", 4 * rows.count),
        blocks: create("blocks", ENTRY_BYTES * CAPACITY, GPUBufferUsage.UNIFORM),
        steps: create("steps", ENTRY_BYTES * CAPACITY, GPUBufferUsage.UNIFORM),
        weights: create("weights", 16 * count),
        moment1: create("first moment", moments > 0 ? 16 * count : 16),
        moment2: create("second moment", moments > 1 ? 16 * count : 16),
        logits: create("logits, then residual", 16 * classes4 * blockRows),
        rowSums: create("sums of rows", 16 * blockRows),
        slots: create("slots", 16 * count * slots),
        slotSums: create("sums of slots", 16 * slots),
        gradient: create("gradient", 16 * count),
        ring: create("ring", 16 * CAPACITY),
      };
      const x = tiling.gathered ? create("gathered rows", 4 * rowWords * blockRows) : placed.shards[0].x;
      const named = {
        ...Object.fromEntries(Object.entries(buffers).map(([name, buffer]) => [name, { buffer }])),
        block: { buffer: buffers.blocks, size: 16 },
        current: { buffer: buffers.steps, size: 32 },
        xFloats: { buffer: x },
        xBytes: { buffer: x },
        labels: { buffer: placed.labels },
        rowWeights: { buffer: placed.weights },
        residual: { buffer: buffers.logits },
      };
      const bound = (name: KernelName, more: Readonly<Record<string, GPUBufferBinding>> = {}) => ({
        pipeline: pipelines[name],
        group: bind(device, pipelines[name], { ...named, ...more }),
      });
      const gathers = tiling.gathered
        ? placed.shards.map((shard) => {
            const range = create("shard", 16, GPUBufferUsage.UNIFORM);
            device.queue.writeBuffer(range, 0, Uint32Array.of(shard.first, shard.rows));
            return bound("gather", {
              shard: { buffer: range },
              x: { buffer: shard.x },
              gathered: { buffer: x },
            });
          })
        : [];
      const kernels = {
        logits: bound("logits"),
        residual: bound("residual"),
        gradient: bound("gradient"),
        reduce: bound("reduce"),
        update: bound("update"),
      };
      return new GpuPasses(device, tiling, buffers, kernels, gathers, all);
    });
  }

  /** Weights from (features + 1, classes) to the device's padded rows. */
  setWeights(weights: FloatArray, classes: number): void {
    const { count, classes4, features4 } = this.tiling;
    const padded = new Float32Array(4 * count);
    const features = weights.length / classes - 1;
    for (let row = 0; row <= features; row++) {
      const to = row < features ? row : 4 * features4;
      padded.set(weights.subarray(row * classes, (row + 1) * classes), 4 * classes4 * to);
    }
    this.#device.queue.writeBuffer(this.buffers.weights, 0, padded);
  }

  setOrder(order: Uint32Array): void {
    this.#device.queue.writeBuffer(this.buffers.order, 0, Uint32Array.from(order));
  }

  setBlocks(blocks: readonly Block[]): void {
    const entries = new Uint32Array((blocks.length * ENTRY_BYTES) / 4);
    blocks.forEach(({ first, rows, continues }, n) => {
      entries.set([first, rows, continues ? 1 : 0], (n * ENTRY_BYTES) / 4);
    });
    this.#device.queue.writeBuffer(this.buffers.blocks, 0, entries);
  }

  setSteps(steps: readonly StepEntry[]): void {
    const entries = new DataView(new ArrayBuffer(steps.length * ENTRY_BYTES));
    steps.forEach((step, n) => {
      const { learningRate, gradientScale, penalty, correction1, correction2 } = step;
      entries.setUint32(n * ENTRY_BYTES, n, true);
      [learningRate, gradientScale, penalty, correction1, correction2].forEach((value, field) =>
        entries.setFloat32(n * ENTRY_BYTES + 4 + 4 * field, value, true),
      );
    });
    this.#device.queue.writeBuffer(this.buffers.steps, 0, entries.buffer);
  }

  /** Z of the n-th block. */
  logits(pass: GPUComputePassEncoder, n: number, rows: number): void {
    const { rowWords, classes4, chunks } = this.tiling;
    for (const gather of this.#gathers) {
      dispatch(pass, gather, n, Math.ceil(rowWords / KERNELS.gather.workgroup), rows);
    }
    dispatch(
      pass,
      this.#kernels.logits,
      n,
      Math.ceil(rows / 4 / KERNELS.logits.workgroup),
      classes4 / chunks,
    );
  }

  /** R of the n-th block, in place of Z, and the rows' sums. */
  residual(pass: GPUComputePassEncoder, n: number, rows: number): void {
    dispatch(pass, this.#kernels.residual, n, Math.ceil(rows / KERNELS.residual.workgroup));
  }

  /** The n-th block's share of G, to the slots. */
  gradient(pass: GPUComputePassEncoder, n: number): void {
    const { features4, classes4, chunks, slots } = this.tiling;
    const columns = Math.ceil((features4 + 1) / KERNELS.gradient.workgroup);
    dispatch(pass, this.#kernels.gradient, n, columns, classes4 / chunks, slots);
  }

  /** G from the slots, and the n-th step's sums to the ring. */
  reduce(pass: GPUComputePassEncoder, n: number): void {
    dispatch(pass, this.#kernels.reduce, n, ...grid(this.tiling.count + 1, KERNELS.reduce.workgroup));
  }

  /** The n-th step. */
  update(pass: GPUComputePassEncoder, n: number): void {
    dispatch(pass, this.#kernels.update, n, ...grid(this.tiling.count, KERNELS.update.workgroup));
  }

  release(): void {
    for (const buffer of this.#all) buffer.destroy();
  }
}

function dispatch(
  pass: GPUComputePassEncoder,
  { pipeline, group }: Bound,
  n: number,
  x: number,
  y = 1,
  z = 1,
): void {
  pass.setPipeline(pipeline.pipeline);
  pass.setBindGroup(0, group, [n * ENTRY_BYTES]);
  pass.dispatchWorkgroups(x, y, z);
}

async function compileAll(
  gpu: Gpu,
  rows: Rows,
  { classes, rule, intercept }: Problem,
  tiling: Tiling,
  edited: Edited,
): Promise<Readonly<Record<KernelName, Pipeline>>> {
  const { features4, classes4, chunks, count, span, slots, gathered, rowWords } = tiling;
  const bytes = rows.x instanceof Uint8Array;
  // A byte is read as value / 255.
  const scale = bytes ? 255 * rows.scale : 1;
  const layout = { FEATURES4: features4, CLASSES4: classes4, CHUNKS: chunks };
  const reading = { BYTES: Number(bytes), GATHERED: Number(gathered) };
  const interceptAt = 4 * features4 * classes4;
  const ruleConstants =
    rule.kind === "adam"
      ? {
          ADAM: 1,
          BETA1: rule.beta1,
          BETA2: rule.beta2,
          ONE_MINUS_BETA1: 1 - rule.beta1,
          ONE_MINUS_BETA2: 1 - rule.beta2,
          EPSILON: rule.epsilon,
          WEIGHT_DECAY: rule.weightDecay,
        }
      : { MOMENTUM: rule.momentum, NESTEROV: Number(rule.nesterov) };
  const constants: Readonly<Record<KernelName, Readonly<Record<string, number>>>> = {
    gather: { WORDS: rowWords },
    logits: { ...layout, ...reading, SCALE: scale },
    residual: { CLASSES: classes, CLASSES4: classes4 },
    gradient: { ...layout, ...reading, SPAN: span },
    reduce: { COUNT: count, SLOTS: slots, SCALE: scale, INTERCEPT: interceptAt },
    update: { COUNT: count, INTERCEPT: interceptAt, FIT_INTERCEPT: Number(intercept), ...ruleConstants },
  };
  const one = (name: KernelName) => compile(gpu, name, constants[name], edited);
  const [gather, logits, residual, gradient, reduce, update] = await Promise.all([
    one("gather"),
    one("logits"),
    one("residual"),
    one("gradient"),
    one("reduce"),
    one("update"),
  ]);
  return { gather, logits, residual, gradient, reduce, update };
}
