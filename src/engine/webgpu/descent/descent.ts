/** Descents on the device: steps are queued ahead of the readback, in submissions of about SUBMISSION_MS. */
import {
  type Descent,
  type Passes,
  type DescentProblem,
  type DescentSnapshot,
  type DescentState,
  type Epoch,
  type Step,
  type StepResult,
  momentCount,
} from "../../descent.js";
import { SumTree } from "../../../core/sum-plan.js";
import { type Sums, ZERO_SUMS, addSums } from "../../../core/sums.js";
import type { FloatArray } from "../../../core/rows.js";
import { type Started, ahead } from "./ahead.js";
import { type KernelChoice, stepChoiceNamed, choices, nameOf } from "../kernels/choice.js";
import type { DescentContext } from "./context.js";
import type { Gpu } from "../device/device.js";
import { type Mode, type Unit, cutRows, joined, unpad } from "../kernels/blocks.js";
import { Pace } from "./pace.js";
import { GpuPasses, descentOf } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { Readback } from "../device/readback.js";
import { chainOf } from "../kernels/tiling.js";
import { cutEvaluation, shapeOf } from "../kernels/cut.js";
import { cutSteps } from "../kernels/cut-steps.js";
import { tuned } from "./tune.js";

/** Submissions queued behind the one being read back. With fewer the device would wait for this thread. */
const IN_FLIGHT = 2;
/**
 * Milliseconds that a submission should keep the device busy. A GPU has a page to draw between two
 * submissions; a software adapter has none.
 */
const SUBMISSION_MS = { slow: 30, fast: 8 };
/** A guess of how long a block takes, until one is timed: its overhead in ms, and its multiply-adds a ms. */
const GUESS = { slow: { overhead: 0.02, macs: 1e6 }, fast: { overhead: 0.005, macs: 1e8 } };

export class WebGpuDescent implements Descent {
  readonly kernels: string;
  readonly #gpu: Gpu;
  readonly #problem: DescentProblem;
  readonly #features: number;
  readonly #passes: GpuPasses;
  readonly #readback: Readback;
  readonly #pace: Pace;
  #number = 0;

  private constructor({ gpu, placed, problem }: DescentContext, passes: GpuPasses, kernels: string) {
    this.kernels = kernels;
    this.#gpu = gpu;
    this.#features = placed.rows.features;
    this.#problem = problem;
    this.#passes = passes;
    this.#readback = new Readback(gpu);
    const speed = gpu.capacity.slow ? "slow" : "fast";
    const { overhead, macs } = GUESS[speed];
    const { features4, classes, blockRows } = passes.tiling;
    const guess = overhead + (8 * features4 * classes * Math.min(blockRows, problem.batchSize)) / macs;
    const milliseconds = SUBMISSION_MS[speed];
    this.#pace = new Pace(milliseconds, milliseconds / 4 / guess, passes.capacity);
  }

  static async create(placed: GpuRows, problem: DescentProblem, weights: FloatArray): Promise<WebGpuDescent> {
    const { rows, gpu: parent } = placed;
    const choice = await chosen(placed, problem);
    const { classes, batchSize, penaltyFactors } = problem;
    const cut = cutSteps(rows, classes, batchSize, parent.capacity, choice, penaltyFactors);
    const common = { placed, problem, tiling: cut };
    return parent.allocate(descentOf(common), async (gpu) => {
      const context = { gpu, ...common };
      const passes = await GpuPasses.create(context);
      passes.setState({ weights, moments: [] });
      return new WebGpuDescent(context, passes, nameOf(choice));
    });
  }

  async *run(epochs: Iterable<Epoch> | AsyncIterable<Epoch>): AsyncGenerator<StepResult> {
    let failure: unknown;
    const given = passedOn(epochs, (cause) => (failure = cause));
    try {
      for await (const results of ahead(this.#submissions(given), IN_FLIGHT)) yield* results;
    } catch (cause) {
      throw cause === failure ? cause : await this.#gpu.explained(cause);
    }
  }

  /** Makes one submission per request. It resolves to the results of the steps that end in it. */
  async *#submissions(epochs: Iterable<Epoch> | AsyncIterable<Epoch>): AsyncGenerator<Started<StepResult[]>> {
    const { orders } = this.#passes;
    const units: Unit[] = [];
    const prepared = new Set<Mode>(); // an epoch of prepared kernels does not wait for them
    for await (const { order, steps } of epochs) {
      const missing = modesOf(steps).filter((mode) => !prepared.has(mode));
      if (missing.length > 0) await Promise.all(missing.map((mode) => this.#passes.prepare(mode)));
      for (const mode of missing) prepared.add(mode);
      if (units.length > 0 && orders.isFull(order)) yield { result: this.#submit(units.splice(0)) };
      const begin = orders.place(order);
      for (const step of steps) {
        const number = ++this.#number;
        if (step.capture) {
          if (units.length > 0) yield { result: this.#submit(units.splice(0)) };
          yield { result: this.#submitCaptured(order, step, begin, number) };
          continue;
        }
        for (const unit of this.#units(step, begin, number)) {
          units.push(unit);
          if (units.length >= this.#pace.blocks) yield { result: this.#submit(units.splice(0)) };
        }
      }
    }
    if (units.length > 0) yield { result: this.#submit(units) };
  }

  /** Cuts a step whose order begins at `begin` in the buffer of row numbers. */
  #units({ first, rows, learningRate, gradientScale, penalty }: Step, begin: number, number: number): Unit[] {
    const { rule } = this.#problem;
    const [correction1, correction2] =
      rule.kind === "adam" ? [1 - rule.beta1 ** number, 1 - rule.beta2 ** number] : [1, 1];
    const step = { learningRate, gradientScale, penalty, correction1, correction2 };
    const blocks = cutRows(begin + first, rows, this.#passes.tiling.blockRows);
    return blocks.map((block, n) => (n < blocks.length - 1 ? { block } : { block, step }));
  }

  async #submit(units: readonly Unit[]): Promise<StepResult[]> {
    const { device } = this.#gpu;
    const passes = this.#passes;
    const steps = units.filter(({ step }) => step);
    const { ring, began } = this.#gpu.run(() => {
      passes.write("train", units);
      const encoder = device.createCommandEncoder({ label: `${steps.length} steps` });
      const pass = encoder.beginComputePass({ label: `${units.length} blocks` });
      passes.encode(pass, "train", units);
      pass.end();
      const copied =
        steps.length > 0 ? this.#readback.copy(encoder, passes.buffers.ring, 16 * steps.length) : undefined;
      const before = performance.now();
      device.queue.submit([encoder.finish()]);
      return { ring: copied, began: before };
    });

    if (!ring) {
      await this.#gpu.answered(device.queue.onSubmittedWorkDone());
      return [];
    }
    const sums = new Float32Array(await ring());
    this.#pace.hear(units.length, began, performance.now());
    return steps.map((_, n) => ({
      sums: { loss: sums[4 * n], hits: sums[4 * n + 1], weight: sums[4 * n + 2] },
    }));
  }

  /** Submits one step, and copies of everything that its passes computed. */
  async #submitCaptured(
    order: Uint32Array,
    step: Step,
    begin: number,
    number: number,
  ): Promise<StepResult[]> {
    const { device } = this.#gpu;
    const passes = this.#passes;
    const { tiling } = passes;
    /** Encodes and submits commands, and returns the result of `encode`. */
    const submit = <T>(encode: (encoder: GPUCommandEncoder) => T): T =>
      this.#gpu.run(() => {
        const encoder = device.createCommandEncoder({ label: `step ${number}, captured` });
        const read = encode(encoder);
        device.queue.submit([encoder.finish()]);
        return read;
      });
    const before = submit((encoder) => this.#copyState(encoder));
    const units = this.#units(step, begin, number);
    const blocks = units.map((unit) =>
      submit((encoder) => {
        passes.write("capture", [unit]);
        const pass = encoder.beginComputePass({ label: `step ${number}, captured` });
        passes.encode(pass, "capture", [unit]);
        pass.end();
        return passes.stages(this.#readback, encoder, unit.block.rows);
      }),
    );
    const { gradient, ring, after } = submit((encoder) => ({
      gradient: passes.gradient(this.#readback, encoder),
      ring: this.#readback.copy(encoder, passes.buffers.ring, 16),
      after: this.#copyState(encoder),
    }));

    const stages = await Promise.all(blocks.map((read) => read()));
    const captured: Passes = {
      rows: order.slice(step.first, step.first + step.rows),
      step,
      number,
      before: await before(),
      logits: joined(stages.map(({ logits }) => logits)),
      residual: joined(stages.map(({ residual }) => residual)),
      losses: joined(stages.map(({ losses }) => losses)),
      gradient: this.#fromDevice(await gradient()),
      after: await after(),
      chain: chainOf(tiling, step.rows),
    };
    const [loss, hits, weight] = new Float32Array(await ring());
    return [{ sums: { loss, hits, weight }, passes: captured }];
  }

  async evaluate(order: Uint32Array): Promise<Sums> {
    const tree = new SumTree(addSums);
    try {
      await this.#passes.prepare("evaluate");
      const first = this.#passes.orders.place(order);
      for await (const sums of ahead(this.#evaluations(first, order.length), IN_FLIGHT)) {
        for (let at = 0; at < sums.length; at += 4) {
          tree.push({ loss: sums[at], hits: sums[at + 1], weight: sums[at + 2] });
        }
      }
      return tree.total(ZERO_SUMS);
    } catch (cause) {
      throw await this.#gpu.explained(cause);
    }
  }

  /** Yields the partial sums of each block, (sums, 4). */
  *#evaluations(first: number, rows: number): Generator<Started<Float32Array>> {
    const { device } = this.#gpu;
    const passes = this.#passes;
    for (const block of cutEvaluation(passes.tiling, first, rows)) {
      const read = this.#gpu.run(() => {
        const units = [{ block }];
        passes.write("evaluate", units);
        const encoder = device.createCommandEncoder({ label: "evaluation" });
        const pass = encoder.beginComputePass({ label: "evaluation" });
        passes.encode(pass, "evaluate", units);
        pass.end();
        const copied = this.#readback.copy(encoder, passes.buffers.sums, 16 * passes.tiling.evaluationSums);
        device.queue.submit([encoder.finish()]);
        return copied;
      });
      yield { result: read().then((bytes) => new Float32Array(bytes)) };
    }
  }

  async weights(): Promise<FloatArray> {
    const { device } = this.#gpu;
    try {
      const read = this.#gpu.run(() => {
        const encoder = device.createCommandEncoder({ label: "weights" });
        const { tiling, buffers } = this.#passes;
        const copied = this.#readback.copy(encoder, buffers.weights, 16 * tiling.count);
        device.queue.submit([encoder.finish()]);
        return copied;
      });
      return this.#fromDevice(await read());
    } catch (cause) {
      throw await this.#gpu.explained(cause);
    }
  }

  async snapshot(): Promise<DescentSnapshot> {
    try {
      const read = this.#gpu.run(() => {
        const encoder = this.#gpu.device.createCommandEncoder({ label: "snapshot" });
        const copied = this.#copyState(encoder);
        this.#gpu.device.queue.submit([encoder.finish()]);
        return copied;
      });
      return { ...(await read()), steps: this.#number };
    } catch (cause) {
      throw await this.#gpu.explained(cause);
    }
  }

  restore({ weights, moments, steps }: DescentSnapshot): void {
    this.#passes.setState({ weights, moments });
    this.#number = steps;
  }

  release(): void {
    this.#gpu.release();
  }

  #copyState(encoder: GPUCommandEncoder): () => Promise<DescentState> {
    const { weights, moment1, moment2 } = this.#passes.buffers;
    const bytes = 16 * this.#passes.tiling.count;
    const moments = [moment1, moment2].slice(0, momentCount(this.#problem.rule));
    const reads = [weights, ...moments].map((buffer) => this.#readback.copy(encoder, buffer, bytes));
    return async () => {
      const [first, ...rest] = await Promise.all(reads.map(async (read) => this.#fromDevice(await read())));
      return { weights: first, moments: rest };
    };
  }

  /** Removes the padding of the device's rows: (features + 1, classes). */
  #fromDevice(padded: ArrayBuffer): Float32Array {
    const { classes, classes4 } = this.#passes.tiling;
    return unpad(new Float32Array(padded), 4 * classes4, classes).subarray(0, (this.#features + 1) * classes);
  }
}

/** The modes of the steps: those that are captured, and the others. */
function modesOf(steps: readonly Step[]): Mode[] {
  return [...new Set(steps.map(({ capture }) => (capture ? "capture" : "train")))];
}

/** Passes epochs on, and tells with what they fail: that is not the device's failure. */
async function* passedOn(
  epochs: Iterable<Epoch> | AsyncIterable<Epoch>,
  onFailure: (cause: unknown) => void,
): AsyncGenerator<Epoch> {
  try {
    yield* epochs;
  } catch (cause) {
    onFailure(cause);
    throw cause;
  }
}

/** Chooses the kernels: by timing for "auto", from the table, or by name. */
async function chosen(placed: GpuRows, problem: DescentProblem): Promise<KernelChoice> {
  const { rows, gpu } = placed;
  const { capacity } = gpu;
  const { kernels = "table", classes, batchSize } = problem;
  if (kernels === "auto") return tuned(placed, problem);
  const shape = shapeOf(rows, classes, batchSize, capacity);
  return kernels === "table" ? choices(shape, capacity)[0] : stepChoiceNamed(kernels, shape, capacity);
}
