/** An objective on the device, made of passes over blocks of rows and of operations on vectors. */
import type { Objective, ObjectiveProblem } from "../../objective.js";
import type { Matrix, Product, Term, Vector } from "../../vectors.js";
import type { Sums, Trial } from "../../../core/sums.js";
import type { FloatArray, Rows } from "../../../core/rows.js";
import { cutRows, joined, unpad } from "../kernels/blocks.js";
import type { Capacity } from "../device/capacity.js";
import { type KernelChoice, choiceNamed, choices, nameOf } from "../kernels/choice.js";
import { Commands } from "./commands.js";
import type { Gpu } from "../device/device.js";
import type { Edited } from "../kernels/kernels.js";
import { ObjectivePasses, compilePasses } from "./passes.js";
import type { GpuRows } from "../placement.js";
import { type ObjectiveTiling, objectiveTiling, shapeOf } from "../kernels/tiling.js";
import { Vectors, compileVectors } from "./vectors.js";

export class WebGpuObjective implements Objective {
  readonly kernels: string;
  readonly precision = 2 ** -24;
  readonly #gpu: Gpu;
  readonly #problem: ObjectiveProblem;
  readonly #features: number;
  readonly #tiling: ObjectiveTiling;
  readonly #commands: Commands;
  readonly #passes: ObjectivePasses;
  readonly #vectors: Vectors;

  private constructor(
    gpu: Gpu,
    features: number,
    problem: ObjectiveProblem,
    tiling: ObjectiveTiling,
    kernels: string,
    commands: Commands,
    passes: ObjectivePasses,
    vectors: Vectors,
  ) {
    this.kernels = kernels;
    this.#gpu = gpu;
    this.#features = features;
    this.#problem = problem;
    this.#tiling = tiling;
    this.#commands = commands;
    this.#passes = passes;
    this.#vectors = vectors;
  }

  static async create(
    rows: Rows,
    placed: GpuRows,
    problem: ObjectiveProblem,
    capacity: Capacity,
    edited: Edited,
  ): Promise<WebGpuObjective> {
    const { classes } = problem;
    const count = problem.rows.length;
    const choice = chosen(rows, problem, capacity);
    const tiling = objectiveTiling(rows, classes, count, capacity, choice);
    const logits = `logits of ${count} rows × ${classes} classes, and their change (${32 * tiling.classes4 * count} bytes)`;
    return placed.gpu.allocate(`${logits}, and vectors of ${rows.features} features`, async (gpu) => {
      const [ofPasses, ofVectors] = await Promise.all([
        compilePasses(gpu, rows, tiling, edited),
        compileVectors(gpu, rows, problem, tiling, edited),
      ]);
      const commands = new Commands(gpu, tiling);
      const passes = new ObjectivePasses(gpu, commands, ofPasses, rows, placed, problem, tiling);
      const vectors = new Vectors(gpu, commands, ofVectors, problem, tiling, capacity);
      const kernels = nameOf(choice);
      return new WebGpuObjective(gpu, rows.features, problem, tiling, kernels, commands, passes, vectors);
    });
  }

  vector(values?: FloatArray): Vector {
    return this.#vectors.create(values);
  }

  async read(vector: Vector): Promise<FloatArray> {
    const values = await this.#vectors.read(vector);
    return values.subarray(0, (this.#features + 1) * this.#problem.classes);
  }

  combine(to: Vector, terms: readonly Term[]): void {
    this.#vectors.combine(to, terms);
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    return this.#vectors.products(pairs);
  }

  matrix(values: FloatArray): Matrix {
    return this.#vectors.matrix(values);
  }

  multiply(to: Vector, matrix: Matrix, from: Vector): void {
    this.#vectors.multiply(to, matrix, from);
  }

  centre(vector: Vector): void {
    this.#vectors.centre(vector);
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    this.#vectors.subgradient(to, w, gradient);
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    this.#vectors.restrict(to, v, w, d);
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    this.#vectors.orthant(to, w, p, d);
  }

  async linearize(w: Vector, gradient: Vector): Promise<Sums> {
    const passes = this.#passes;
    const sums = passes.blocks.map((block) => {
      passes.gather(block, passes.order);
      passes.logits(block, passes.order, this.#vectors.buffer(w), block.z);
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
      passes.gather(block, passes.order);
      passes.logits(block, passes.order, this.#vectors.buffer(direction), block.change);
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
      passes.gather(block, passes.order);
      const part = passes.softmax(block, t);
      passes.gradient(block);
      return part;
    });
    this.#total(w, gradient);
    return this.#losses(sums);
  }

  curvature(v: Vector, to: Vector): void {
    const passes = this.#passes;
    for (const block of passes.blocks) {
      passes.gather(block, passes.order);
      passes.logits(block, passes.order, this.#vectors.buffer(v), passes.r);
      passes.hessianResidual(block);
      passes.gradient(block);
    }
    this.#total(v, to);
  }

  logits(): Promise<FloatArray> {
    return this.#ofRows(this.#passes.blocks.map(({ z }) => z));
  }

  directionLogits(): Promise<FloatArray> {
    return this.#ofRows(this.#passes.blocks.map(({ change }) => change));
  }

  /** Reads one buffer of each block and joins them, (rows, classes). */
  async #ofRows(blocks: readonly GPUBuffer[]): Promise<FloatArray> {
    const { classes, classes4 } = this.#tiling;
    const padded = await Promise.all(blocks.map((block) => this.#commands.read(block, block.size)));
    return joined(padded.map((block) => unpad(new Float32Array(block), 4 * classes4, classes)));
  }

  async evaluate(w: Vector, rows: Uint32Array): Promise<Sums> {
    const passes = this.#passes;
    this.#commands.submit(); // an earlier evaluation reads its own rows from the same buffer
    const order = Uint32Array.from(rows);
    this.#gpu.run(() => this.#gpu.device.queue.writeBuffer(passes.others, 0, order));
    const sums = cutRows(0, rows.length, this.#tiling.blockRows).map((block) => {
      passes.gather(block, passes.others);
      passes.logits(block, passes.others, this.#vectors.buffer(w), passes.r);
      return passes.evaluated(block);
    });
    return this.#losses(sums);
  }

  release(): void {
    this.#commands.submit();
    this.#gpu.release();
  }

  /** to ← scale·G + penalties·w, where the slots hold parts of G. */
  #total(w: Vector, to: Vector): void {
    this.#vectors.total(this.#passes.slots, this.#problem.scale, w, to);
  }

  async #losses(parts: readonly Promise<Float32Array>[]): Promise<Sums> {
    const [loss, hits, weight] = await this.#added(parts);
    return { loss, hits, weight };
  }

  /** Adds up partial sums in f64. */
  async #added(parts: readonly Promise<Float32Array>[]): Promise<[number, number, number]> {
    let [a, b, c] = [0, 0, 0];
    for (const part of await Promise.all(parts))
      for (let at = 0; at < part.length; at += 4) {
        a += part[at];
        b += part[at + 1];
        c += part[at + 2];
      }
    return [a, b, c];
  }
}

/**
 * Chooses tiled kernels for any number of classes, because an objective keeps its logits: those named,
 * otherwise the table's. "auto" times nothing here.
 */
function chosen(
  rows: Rows,
  { classes, rows: { length }, kernels = "table" }: ObjectiveProblem,
  capacity: Capacity,
): KernelChoice {
  const shape = shapeOf(rows, classes, length, capacity);
  if (kernels !== "auto" && kernels !== "table") return choiceNamed(kernels, shape, capacity, ["tiled"]);
  return choices(shape, { ...capacity, kind: "tiled" })[0];
}
