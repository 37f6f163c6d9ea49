/** Steps on the device: queued ahead of what was read back, in submissions that last a few tens of milliseconds. */
import {
  type Descent,
  type FloatArray,
  type Passes,
  type Problem,
  type Rows,
  type State,
  type Step,
  type StepResult,
  type Sums,
  momentsOf,
} from "../engine.js";
import { DeviceError, SmighError } from "../../errors.js";
import { ahead } from "./ahead.js";
import type { Gpu } from "./device.js";
import type { Edited } from "./kernels.js";
import { type Block, CAPACITY, GpuPasses, type StepEntry } from "./passes.js";
import type { PlacedRows } from "./placement.js";
import { Readback } from "./readback.js";
import type { Tiling } from "./tiling.js";

/** Submissions that the device may have before it. With fewer it would wait for this thread. */
const IN_FLIGHT = 2;
/** How long a submission should keep the device busy. */
const SUBMISSION_MS = 30;

/** A block and, when it is its step's last, what the update needs. */
interface Unit {
  readonly block: Block;
  readonly step?: StepEntry;
}

export class WebGpuDescent implements Descent {
  readonly #gpu: Gpu;
  readonly #problem: Problem;
  readonly #features: number;
  readonly #passes: GpuPasses;
  readonly #readback: Readback;
  #number = 0;
  #blocksPerSubmission = 1;

  private constructor(gpu: Gpu, features: number, problem: Problem, passes: GpuPasses) {
    this.#gpu = gpu;
    this.#features = features;
    this.#problem = problem;
    this.#passes = passes;
    this.#readback = new Readback(gpu.device);
  }

  static async create(
    gpu: Gpu,
    rows: Rows,
    placed: PlacedRows,
    problem: Problem,
    tiling: Tiling,
    weights: FloatArray,
    edited: Edited,
  ): Promise<WebGpuDescent> {
    const passes = await GpuPasses.create(gpu, rows, placed, problem, tiling, edited);
    passes.setWeights(weights, problem.classes);
    return new WebGpuDescent(gpu, rows.features, problem, passes);
  }

  async *run(order: Uint32Array, steps: readonly Step[]): AsyncGenerator<StepResult> {
    this.#passes.setOrder(order);
    for await (const results of this.#heard(ahead(this.#submissions(order, steps), IN_FLIGHT)))
      yield* results;
  }

  /** Submits, each time it is asked, and says when the steps that the submission ends are read back. */
  *#submissions(order: Uint32Array, steps: readonly Step[]): Generator<Promise<StepResult[]>> {
    let units: Unit[] = [];
    for (const step of steps) {
      const number = ++this.#number;
      if (step.capture) {
        if (units.length > 0) yield this.#submit(units);
        units = [];
        yield this.#submitCaptured(order, step, number);
        continue;
      }
      for (const unit of this.#units(step, number)) {
        units.push(unit);
        if (units.length >= this.#blocksPerSubmission) {
          yield this.#submit(units);
          units = [];
        }
      }
    }
    if (units.length > 0) yield this.#submit(units);
  }

  #units({ first, rows, learningRate, gradientScale, penalty }: Step, number: number): Unit[] {
    const { rule } = this.#problem;
    const [correction1, correction2] =
      rule.kind === "adam" ? [1 - rule.beta1 ** number, 1 - rule.beta2 ** number] : [1, 1];
    const step = { learningRate, gradientScale, penalty, correction1, correction2 };
    const blocks = this.#blocks(first, rows);
    return blocks.map((block, n) => (n < blocks.length - 1 ? { block } : { block, step }));
  }

  #blocks(first: number, rows: number): Block[] {
    const { blockRows } = this.#passes.tiling;
    return Array.from({ length: Math.ceil(rows / blockRows) }, (_, n) => {
      const done = n * blockRows;
      return { first: first + done, rows: Math.min(blockRows, rows - done), continues: n > 0 };
    });
  }

  async #submit(units: readonly Unit[]): Promise<StepResult[]> {
    const { device } = this.#gpu;
    const passes = this.#passes;
    const steps = units.flatMap(({ step }) => step ?? []);
    passes.setBlocks(units.map(({ block }) => block));
    passes.setSteps(steps);

    const encoder = device.createCommandEncoder({ label: `${steps.length} steps` });
    const pass = encoder.beginComputePass({ label: `${units.length} blocks` });
    let ended = 0;
    units.forEach(({ block, step }, n) => {
      passes.logits(pass, n, block.rows);
      passes.residual(pass, n, block.rows);
      passes.gradient(pass, n);
      if (step) {
        passes.reduce(pass, ended);
        passes.update(pass, ended++);
      }
    });
    pass.end();
    const ring =
      steps.length > 0 ? this.#readback.copy(encoder, passes.buffers.ring, 16 * steps.length) : undefined;
    const began = performance.now();
    device.queue.submit([encoder.finish()]);

    if (!ring) {
      await device.queue.onSubmittedWorkDone();
      return [];
    }
    const sums = new Float32Array(await ring());
    this.#pace(units.length, performance.now() - began);
    return steps.map((_, n) => ({
      sums: { loss: sums[4 * n], hits: sums[4 * n + 1], weight: sums[4 * n + 2] },
    }));
  }

  /** Adapts the size of submissions. What was in flight before this one took its share of the time. */
  #pace(blocks: number, milliseconds: number): void {
    const perBlock = milliseconds / blocks / (IN_FLIGHT + 1);
    this.#blocksPerSubmission = Math.max(
      1,
      Math.min(CAPACITY, Math.floor(SUBMISSION_MS / perBlock), 4 * blocks),
    );
  }

  /** One step, and copies of all that its passes computed. */
  async #submitCaptured(order: Uint32Array, step: Step, number: number): Promise<StepResult[]> {
    const { device } = this.#gpu;
    const { classes } = this.#problem;
    const passes = this.#passes;
    const { buffers, tiling } = passes;
    const encoder = () => device.createCommandEncoder({ label: `step ${number}, captured` });
    const inPass = (commands: GPUCommandEncoder, encode: (pass: GPUComputePassEncoder) => void) => {
      const pass = commands.beginComputePass({ label: `step ${number}, captured` });
      encode(pass);
      pass.end();
    };

    const start = encoder();
    const before = this.#copyState(start);
    device.queue.submit([start.finish()]);

    const units = this.#units(step, number);
    const blocks = units.map(({ block, step: entry }) => {
      const { rows } = block;
      passes.setBlocks([block]);
      const commands = encoder();
      inPass(commands, (pass) => passes.logits(pass, 0, rows));
      const z = this.#readback.copy(commands, buffers.logits, 16 * tiling.classes4 * rows);
      inPass(commands, (pass) => passes.residual(pass, 0, rows));
      const r = this.#readback.copy(commands, buffers.logits, 16 * tiling.classes4 * rows);
      const rowSums = this.#readback.copy(commands, buffers.rowSums, 16 * rows);
      inPass(commands, (pass) => passes.gradient(pass, 0));
      if (entry) {
        passes.setSteps([entry]);
        inPass(commands, (pass) => {
          passes.reduce(pass, 0);
          passes.update(pass, 0);
        });
      }
      device.queue.submit([commands.finish()]);
      return { rows, z, r, rowSums };
    });

    const end = encoder();
    const gradient = this.#readback.copy(end, buffers.gradient, 16 * tiling.count);
    const ring = this.#readback.copy(end, buffers.ring, 16);
    const after = this.#copyState(end);
    device.queue.submit([end.finish()]);

    const logits = new Float32Array(step.rows * classes);
    const residual = new Float32Array(step.rows * classes);
    const losses = new Float32Array(step.rows);
    let done = 0;
    for (const { rows, z, r, rowSums } of blocks) {
      unpad(new Float32Array(await z()), 4 * tiling.classes4, classes, logits, done);
      unpad(new Float32Array(await r()), 4 * tiling.classes4, classes, residual, done);
      unpad(new Float32Array(await rowSums()), 4, 1, losses, done);
      done += rows;
    }
    const captured: Passes = {
      rows: order.slice(step.first, step.first + step.rows),
      step,
      number,
      before: await before(),
      logits,
      residual,
      losses,
      gradient: this.#fromDevice(await gradient()),
      after: await after(),
      chain: units.length * (tiling.span + 1) + tiling.slots,
    };
    const [loss, hits, weight] = new Float32Array(await ring());
    return [{ sums: { loss, hits, weight }, passes: captured }];
  }

  async evaluate(order: Uint32Array): Promise<Sums> {
    this.#passes.setOrder(order);
    const total = { loss: 0, hits: 0, weight: 0 };
    for await (const rowSums of this.#heard(ahead(this.#evaluations(order.length), IN_FLIGHT))) {
      for (let at = 0; at < rowSums.length; at += 4) {
        total.loss += rowSums[at];
        total.hits += rowSums[at + 1];
        total.weight += rowSums[at + 2];
      }
    }
    return total;
  }

  /** The sums of the rows, (rows of the block, 4), block by block. */
  *#evaluations(rows: number): Generator<Promise<Float32Array>> {
    const { device } = this.#gpu;
    const passes = this.#passes;
    for (const block of this.#blocks(0, rows)) {
      passes.setBlocks([block]);
      const encoder = device.createCommandEncoder({ label: "evaluation" });
      const pass = encoder.beginComputePass({ label: "evaluation" });
      passes.logits(pass, 0, block.rows);
      passes.residual(pass, 0, block.rows);
      pass.end();
      const rowSums = this.#readback.copy(encoder, passes.buffers.rowSums, 16 * block.rows);
      device.queue.submit([encoder.finish()]);
      yield rowSums().then((bytes) => new Float32Array(bytes));
    }
  }

  async weights(): Promise<FloatArray> {
    const encoder = this.#gpu.device.createCommandEncoder({ label: "weights" });
    const read = this.#readback.copy(encoder, this.#passes.buffers.weights, 16 * this.#passes.tiling.count);
    this.#gpu.device.queue.submit([encoder.finish()]);
    try {
      return this.#fromDevice(await read());
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  release(): void {
    this.#passes.release();
    this.#readback.release();
  }

  #copyState(encoder: GPUCommandEncoder): () => Promise<State> {
    const { weights, moment1, moment2 } = this.#passes.buffers;
    const bytes = 16 * this.#passes.tiling.count;
    const moments = [moment1, moment2].slice(0, momentsOf(this.#problem.rule));
    const reads = [weights, ...moments].map((buffer) => this.#readback.copy(encoder, buffer, bytes));
    return async () => {
      const [first, ...rest] = await Promise.all(reads.map(async (read) => this.#fromDevice(await read())));
      return { weights: first, moments: rest };
    };
  }

  /** From the device's padded rows to (features + 1, classes). */
  #fromDevice(padded: ArrayBuffer): Float32Array {
    const { features4, classes4 } = this.#passes.tiling;
    const { classes } = this.#problem;
    const features = this.#features;
    const values = new Float32Array(padded);
    const rows = new Float32Array((features + 1) * classes);
    unpad(values.subarray(0, 4 * classes4 * features), 4 * classes4, classes, rows, 0);
    unpad(
      values.subarray(16 * features4 * classes4).subarray(0, 4 * classes4),
      4 * classes4,
      classes,
      rows,
      features,
    );
    return rows;
  }

  /** Passes results on for as long as the device reports no error. */
  async *#heard<T>(results: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      for await (const result of results) {
        this.#gpu.check();
        yield result;
      }
    } catch (cause) {
      throw this.#explained(cause);
    }
  }

  /** What the device itself reported says more than the readback that failed of it. */
  #explained(cause: unknown): unknown {
    this.#gpu.check();
    if (cause instanceof SmighError) return cause;
    return new DeviceError(`${this.#gpu.adapter} stopped: ${String(cause)}`, { cause });
  }
}

/** Copies the first `width` of every `stride` values to rows of `width` values, from row `first` on. */
function unpad(padded: Float32Array, stride: number, width: number, rows: Float32Array, first: number): void {
  for (let n = 0; n * stride < padded.length; n++) {
    rows.set(padded.subarray(n * stride, n * stride + width), (first + n) * width);
  }
}
