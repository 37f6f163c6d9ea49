/** An objective on the device, made of passes over blocks of rows and of operations on vectors. */
import { conjugateSteps } from "../../conjugate-steps.js";
import type { ConjugateStep, ConjugateSystem } from "../../conjugate-system.js";
import type { Objective, ObjectiveProblem } from "../../objective.js";
import type { Vector } from "../../vectors.js";
import { SumTree } from "../../../core/sum-plan.js";
import type { Sums, Trial } from "../../../core/sums.js";
import type { FloatArray } from "../../../core/rows.js";
import { joined, unpad } from "../kernels/blocks.js";
import { type KernelChoice, nameOf, objectiveChoiceNamed, objectiveChoices } from "../kernels/choice.js";
import { Commands } from "./commands.js";
import { DeviceSteps, fitsDeviceSteps } from "./device-steps.js";
import type { ObjectiveContext } from "./context.js";
import { ObjectivePasses, compilePasses } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { cutEvaluation, shapeOf } from "../kernels/cut.js";
import { cutObjective } from "../kernels/cut-objective.js";
import type { Candidate } from "../kernels/tournament.js";
import { GpuVectors, compileVectors } from "./vectors.js";

/** Rows of the sample on which kernels are timed, and most products with its Hessian in one timing. */
const TIMED_ROWS = 2 ** 16;
const MOST_TIMED = 64;
/**
 * Kernels are timed where a product of a pass fills this many dispatches: 2e10 multiply-adds on a GPU, of
 * which a fit takes some hundred.
 */
const TIMED_DISPATCHES = 5;

type Triple = readonly [number, number, number];

export class WebGpuObjective implements Objective {
  readonly space: GpuVectors;
  readonly kernels: string;
  readonly #context: ObjectiveContext;
  readonly #passes: ObjectivePasses;
  /** Absent where the vectors are too large for it. */
  readonly #deviceSteps: DeviceSteps | undefined;

  private constructor(
    context: ObjectiveContext,
    passes: ObjectivePasses,
    space: GpuVectors,
    kernels: string,
  ) {
    this.space = space;
    this.kernels = kernels;
    this.#context = context;
    this.#passes = passes;
    this.#deviceSteps = fitsDeviceSteps(context.tiling) ? new DeviceSteps(context, passes, space) : undefined;
  }

  static async create(placed: GpuRows, problem: ObjectiveProblem): Promise<WebGpuObjective> {
    return WebGpuObjective.#of(placed, problem, await chosen(placed, problem));
  }

  /** Compiles a choice of kernels, to run products with the Hessian of a sample of the rows. */
  static async open(placed: GpuRows, problem: ObjectiveProblem, choice: KernelChoice): Promise<Candidate> {
    const rows = problem.rows.subarray(0, TIMED_ROWS);
    const objective = await WebGpuObjective.#of(placed, { ...problem, rows }, choice);
    const { space } = objective;
    const [w, to] = [space.vector(), space.vector()];
    return {
      choice,
      most: MOST_TIMED,
      run: async (blocks) => {
        for (let n = 0; n < blocks; n++) objective.curvature(w, to);
        await space.products([[to, to]]);
      },
      release: () => objective.release(),
    };
  }

  static async #of(
    placed: GpuRows,
    problem: ObjectiveProblem,
    choice: KernelChoice,
  ): Promise<WebGpuObjective> {
    const { rows, gpu: parent } = placed;
    const { classes } = problem;
    const count = problem.rows.length;
    const tiling = cutObjective(rows, classes, count, parent.capacity, choice);
    const logits = `logits of ${count} rows × ${classes} classes, and their change (${32 * tiling.classes4 * count} bytes)`;
    return parent.allocate(`${logits}, and vectors of ${rows.features} features`, async (gpu) => {
      const context = { gpu, commands: new Commands(gpu, tiling), placed, problem, tiling };
      const [ofPasses, ofVectors] = await Promise.all([compilePasses(context), compileVectors(context)]);
      const passes = new ObjectivePasses(context, ofPasses);
      return new WebGpuObjective(context, passes, new GpuVectors(context, ofVectors), nameOf(choice));
    });
  }

  async linearize(w: Vector, gradient: Vector): Promise<Sums> {
    const passes = this.#passes;
    const sums = passes.blocks.map((block) => {
      passes.products.gather(block, passes.order);
      passes.products.logits(block, passes.order, this.space.binding(w), block.z);
      const part = passes.softmax(block);
      passes.gradient(block);
      return part;
    });
    this.#total(w, gradient);
    return this.#losses(sums);
  }

  setDirection(direction: Vector): void {
    const passes = this.#passes;
    for (const block of passes.blocks) {
      passes.products.gather(block, passes.order);
      passes.products.logits(block, passes.order, this.space.binding(direction), block.change);
    }
  }

  evaluateAlong(ts: readonly number[]): Promise<Trial[]> {
    const passes = this.#passes;
    return Promise.all(
      ts.map(async (t) => {
        const sums = passes.blocks.map((block) => passes.trial(block, t));
        const [loss, slope, curvature] = await this.#added(sums);
        return { loss, slope, curvature };
      }),
    );
  }

  async step(t: number, w: Vector, gradient: Vector): Promise<Sums> {
    const passes = this.#passes;
    const sums = passes.blocks.map((block) => {
      passes.products.gather(block, passes.order);
      const part = passes.softmax(block, t);
      passes.gradient(block);
      return part;
    });
    this.#total(w, gradient);
    return this.#losses(sums);
  }

  curvature(v: Vector, to: Vector): void {
    this.#passes.curvature(this.space.binding(v));
    this.#total(v, to);
  }

  get stepsAhead(): number {
    return this.#deviceSteps?.ahead ?? 1;
  }

  conjugateSteps(system: ConjugateSystem, count: number): Promise<ConjugateStep[]> {
    return this.#deviceSteps?.take(system, count) ?? conjugateSteps(this, system, count);
  }

  logits(): Promise<FloatArray> {
    return this.#ofRows(this.#passes.blocks.map(({ z }) => z));
  }

  directionLogits(): Promise<FloatArray> {
    return this.#ofRows(this.#passes.blocks.map(({ change }) => change));
  }

  /** Reads one buffer of each block and joins them, (rows, classes). */
  async #ofRows(blocks: readonly GPUBuffer[]): Promise<FloatArray> {
    const { commands, tiling } = this.#context;
    const padded = await Promise.all(blocks.map((block) => commands.read(block, block.size)));
    return joined(padded.map((block) => unpad(new Float32Array(block), 4 * tiling.classes4, tiling.classes)));
  }

  async evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    const passes = this.#passes;
    const { gpu, commands, tiling } = this.#context;
    commands.submit(); // an earlier evaluation reads its own rows from the same buffer
    const order = Uint32Array.from(rows);
    gpu.run(() => gpu.device.queue.writeBuffer(passes.others, 0, order));
    const sums = cutEvaluation(tiling, 0, rows.length).map((block) => {
      passes.products.gather(block, passes.others);
      passes.products.logits(block, passes.others, this.space.binding(w), passes.r);
      return passes.evaluated(block);
    });
    return this.#losses(sums);
  }

  release(): void {
    this.#context.commands.submit();
    this.#context.gpu.release();
  }

  /** to ← scale·G + penalties·w, where the slots hold parts of G. */
  #total(w: Vector, to: Vector): void {
    this.space.total(this.#passes.slots, this.#context.problem.scale, w, to);
  }

  async #losses(parts: readonly Promise<Float32Array>[]): Promise<Sums> {
    const [loss, hits, weight] = await this.#added(parts);
    return { loss, hits, weight };
  }

  /** Adds partial sums by the plan's tree, in f64. */
  async #added(parts: readonly Promise<Float32Array>[]): Promise<Triple> {
    const tree = new SumTree<Triple>(([a, b, c], [d, e, f]) => [a + d, b + e, c + f]);
    for (const part of await Promise.all(parts))
      for (let at = 0; at < part.length; at += 4) tree.push([part[at], part[at + 1], part[at + 2]]);
    return tree.total([0, 0, 0]);
  }
}

/**
 * Chooses the kernels: those named, or for "auto" by timing where a fit takes seconds on a GPU, otherwise the
 * table's.
 */
async function chosen(placed: GpuRows, problem: ObjectiveProblem): Promise<KernelChoice> {
  const { rows, gpu } = placed;
  const { capacity } = gpu;
  const { classes, kernels = "table" } = problem;
  const shape = shapeOf(rows, classes, problem.rows.length, capacity);
  if (kernels !== "auto" && kernels !== "table") return objectiveChoiceNamed(kernels, shape, capacity);
  const candidates = objectiveChoices(shape, capacity);
  const macs = problem.rows.length * 4 * shape.features4 * classes;
  const pays = kernels === "auto" && !capacity.slow && macs >= TIMED_DISPATCHES * capacity.dispatchMacs;
  if (!pays || candidates.length === 1) return candidates[0];
  const { tunedChoice } = await import("../kernels/tuned.js");
  return tunedChoice({
    gpu,
    purpose: "objective",
    rows,
    shape,
    candidates,
    open: (choice) => WebGpuObjective.open(placed, problem, choice),
  });
}
