/** An objective's vectors on the device, each (features + 1, classes), padded like the kernels' weights. */
import { DeviceError } from "../../../core/errors.js";
import type { Matrix, Product, Term, Vector, VectorSpace } from "../../vectors.js";
import type { FloatArray } from "../../../core/rows.js";
import { pad, unpad } from "../kernels/blocks.js";
import { type Commands, SUMS } from "./commands.js";
import type { ObjectiveContext } from "./context.js";
import { VECTOR_WORKGROUP, vectorKernel } from "../kernels/constants.js";
import type { Gpu } from "../device/device.js";
import { Pages, type Place } from "./pages.js";
import { type Bindings, compiled } from "../kernels/pipelines.js";
import type { ObjectiveTiling } from "../kernels/tiling.js";
import { grid } from "../kernels/cut.js";
import { GPUBufferUsage } from "../device/flags.js";

/** Most vectors that one dispatch of combine adds up, and most pairs of one dispatch of products. */
const TERMS = 248;

/** The kernels over vectors, in the order in which they are compiled. */
export const VECTOR_KERNELS = [
  "vector-combine",
  "vector-products",
  "vector-multiply",
  "vector-centre",
  "vector-subgradient",
  "vector-orthant",
  "vector-restrict",
  "gradient-sum",
] as const;
export type VectorKernels = Awaited<ReturnType<typeof compileVectors>>;

export async function compileVectors({ gpu, placed, problem, tiling }: ObjectiveContext) {
  const [combine, products, multiply, centre, subgradient, orthant, restrict, gradientSum] =
    await Promise.all(
      VECTOR_KERNELS.map((name) => compiled(gpu, name, vectorKernel(name, placed.rows, problem, tiling))),
    );
  return { combine, products, multiply, centre, subgradient, orthant, restrict, gradientSum };
}

export class GpuVectors implements VectorSpace {
  readonly precision = 2 ** -24;
  readonly #gpu: Gpu;
  readonly #commands: Commands;
  readonly #kernels: VectorKernels;
  readonly #tiling: ObjectiveTiling;
  readonly #features: number;
  readonly #pages: Pages;
  readonly #matrices: GPUBuffer[] = [];
  /** Placeholder for an unused page. */
  readonly #nothing: GPUBuffer;
  /** (4·features4) each: the l2 and the l1 penalty of each feature, padded with zeros. */
  readonly penalties: GPUBuffer;
  readonly #l1: GPUBuffer;

  constructor({ gpu, commands, placed, problem, tiling }: ObjectiveContext, kernels: VectorKernels) {
    this.#features = placed.rows.features;
    this.#gpu = gpu;
    this.#commands = commands;
    this.#kernels = kernels;
    this.#tiling = tiling;
    this.#pages = new Pages(gpu, `of ${tiling.classes} classes`, 16 * tiling.count);
    this.#nothing = gpu.buffer("no vectors", 16, GPUBufferUsage.STORAGE);
    this.penalties = this.#ofFeatures("penalties", problem.penalties);
    this.#l1 = this.#ofFeatures("l1 penalties", problem.l1);
  }

  #ofFeatures(what: string, values: FloatArray = new Float32Array()): GPUBuffer {
    const padded = new Float32Array(4 * this.#tiling.features4);
    padded.set(values);
    return this.#create(what, padded.byteLength, padded);
  }

  vector(values?: FloatArray): Vector {
    const { classes, classes4, count } = this.#tiling;
    const vector = { number: this.#pages.add() };
    const { page, first } = this.#place(vector);
    if (values) this.#write(page, pad(values, classes, 4 * classes4, 4 * count), 16 * first);
    return vector;
  }

  /** Creates a matrix. Throws a DeviceError if it exceeds a binding. */
  matrix(values: FloatArray): Matrix {
    const { features4 } = this.#tiling;
    const size = Math.sqrt(values.length);
    const bytes = 4 * (4 * features4) ** 2;
    const what = `a matrix of ${size} × ${size}`;
    const { bindingBytes } = this.#gpu.capacity;
    if (bytes > bindingBytes)
      throw new DeviceError(`${what} takes ${bytes} bytes, and this adapter binds ${bindingBytes}.`);
    const buffer = this.#create(what, bytes, pad(values, size, 4 * features4, bytes / 4));
    return { number: this.#matrices.push(buffer) - 1 };
  }

  #create(label: string, bytes: number, values: Float32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.#gpu.buffer(label, bytes, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
    this.#write(buffer, values);
    return buffer;
  }

  #write(buffer: GPUBuffer, values: Float32Array<ArrayBuffer>, offset = 0): void {
    this.#gpu.run(() => this.#gpu.device.queue.writeBuffer(buffer, offset, values));
  }

  /** Returns the buffer of a matrix. */
  matrixBuffer({ number }: Matrix): GPUBuffer {
    return this.#matrices[number];
  }

  /** Returns the range that a kernel binds to use a vector by itself. */
  binding(vector: Vector): GPUBufferBinding {
    return this.#place(vector).binding;
  }

  #place({ number }: Vector): Place {
    return this.#pages.get(number);
  }

  async read(vector: Vector): Promise<FloatArray> {
    const { classes, classes4, count } = this.#tiling;
    const { page, first } = this.#place(vector);
    const padded = await this.#commands.read(page, 16 * count, 16 * first);
    const rows = unpad(new Float32Array(padded), 4 * classes4, classes); // 4·features4 of them
    return rows.subarray(0, (this.#features + 1) * classes);
  }

  combine(to: Vector, terms: readonly Term[]): void {
    const isTo = ([, { number }]: Term) => number === to.number;
    const own = terms.filter(isTo).reduce((sum, [factor]) => sum + factor, 0);
    const others = terms
      .filter((term) => !isTo(term))
      .map(([factor, vector]) => ({ factor, ...this.#place(vector) }));
    const runs = runsOf(others, TERMS, (a, b) => a.page === b.page);
    if (runs.length === 0) runs.push([]);
    runs.forEach((run, n) => this.#combineRun(to, n === 0 ? own : 1, run));
  }

  /** to ← own·to + Σ factor·vector, of vectors in one page. */
  #combineRun(to: Vector, own: number, run: readonly (Place & { readonly factor: number })[]): void {
    const target = this.#place(to);
    const [{ page: vectors }] = run.length > 0 ? run : [target];
    const within = vectors === target.page;
    const firsts = padded(run.map(({ first }) => first));
    const factors = padded(run.map(({ factor }) => factor));
    this.#overVectors((vector, count) =>
      this.#commands.dispatch({
        kernel: this.#kernels.combine,
        buffers: { vectors, other: within ? this.#nothing : target.page },
        whole: [...firsts, target.first, run.length, Number(within), vector],
        real: [...factors, own],
        groups: grid(count, VECTOR_WORKGROUP),
        macs: 4 * (run.length + 1) * count,
      }),
    );
  }

  async products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    const places = pairs.map(([a, b]) => [this.#place(a), this.#place(b)] as const);
    const most = Math.max(1, Math.min(TERMS, Math.floor(SUMS / this.#sumsOfProduct)));
    const runs = runsOf(places, most, ([a, b], [c, d]) => a.page === c.page && b.page === d.page);
    return (await Promise.all(runs.map((run) => this.#productsOfRun(run)))).flat();
  }

  /** Partial sums of a pair in one dispatch, at most. */
  get #sumsOfProduct(): number {
    const { count, updateVectors, rowThreads, productVectors, groupSums } = this.#tiling;
    return groupSums * Math.ceil(Math.min(count, updateVectors) / rowThreads / productVectors);
  }

  /** The products of pairs whose first vectors are in one page, and whose second ones are in one page. */
  async #productsOfRun(run: readonly (readonly [Place, Place])[]): Promise<Product[]> {
    const [[a, b]] = run;
    const firsts = [0, 1].map((side) => padded(run.map((pair) => pair[side].first)));
    const { rowThreads, productVectors, groupSums } = this.#tiling;
    const parts: Promise<Float32Array>[] = [];
    this.#overVectors((vector, count) => {
      const [x, y] = grid(count, rowThreads * productVectors);
      const one = {
        kernel: this.#kernels.products,
        buffers: { a: a.page, b: b.page, penalties: this.penalties },
        whole: [...firsts.flat(), vector],
        groups: [x, y, run.length] as const,
        macs: 12 * run.length * count,
      };
      parts.push(this.#commands.sums(one, groupSums * x * y * run.length));
    });
    const sums = await Promise.all(parts);
    return run.map((_, n) =>
      productOf(
        sums.map((part) =>
          part.subarray((n * part.length) / run.length, ((n + 1) * part.length) / run.length),
        ),
      ),
    );
  }

  multiply(to: Vector, matrix: Matrix, from: Vector): void {
    const { features4, classes4, multiplyLanes, submissionMacs } = this.#tiling;
    const fours = features4 * classes4;
    const macs = 64 * features4; // of four rows of four classes
    const most = Math.max(1, Math.floor(submissionMacs / macs));
    for (let first = 0; first < fours; first += most) {
      const some = Math.min(most, fours - first);
      this.#commands.dispatch({
        kernel: this.#kernels.multiply,
        buffers: { matrix: this.matrixBuffer(matrix), factor: this.binding(from), to: this.binding(to) },
        whole: [first],
        groups: grid(some * multiplyLanes, VECTOR_WORKGROUP),
        macs: macs * some,
      });
    }
  }

  centre(vector: Vector): void {
    const { classes4, features4, rowLanes, rowThreads, updateVectors } = this.#tiling;
    const most = Math.max(1, Math.floor(updateVectors / classes4));
    for (let first = 0; first < 4 * features4; first += most) {
      const past = Math.min(4 * features4, first + most);
      this.#commands.dispatch({
        kernel: this.#kernels.centre,
        buffers: { weights: this.binding(vector) },
        whole: [first, past],
        groups: grid((past - first) * rowLanes, rowThreads),
        macs: 8 * classes4 * (past - first),
      });
    }
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    const [weights, g] = [w, gradient].map((vector) => this.binding(vector));
    this.#elementwise("subgradient", { weights, gradient: g, l1: this.#l1, to: this.binding(to) });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    const [weights, direction, subgradient] = [w, p, d].map((vector) => this.binding(vector));
    const l1 = this.#l1;
    this.#elementwise("orthant", { weights, direction, subgradient, to: this.binding(to), l1 });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    const [values, weights, subgradient] = [v, w, d].map((vector) => this.binding(vector));
    this.#elementwise("restrict", { values, weights, subgradient, to: this.binding(to), l1: this.#l1 });
  }

  #elementwise(name: "subgradient" | "orthant" | "restrict", buffers: Bindings): void {
    this.#overVectors((vector, count) =>
      this.#commands.dispatch({
        kernel: this.#kernels[name],
        buffers,
        whole: [vector],
        groups: grid(count, VECTOR_WORKGROUP),
        macs: 16 * count,
      }),
    );
  }

  /** to ← scale·G + penalties·w, where the slots hold parts of G. */
  total(slots: GPUBuffer, scale: number, w: Vector, to: Vector): void {
    this.#overVectors((vector, count) =>
      this.#commands.dispatch({
        kernel: this.#kernels.gradientSum,
        buffers: { slots, weights: this.binding(w), penalties: this.penalties, to: this.binding(to) },
        whole: [vector],
        real: [scale],
        groups: grid(count, VECTOR_WORKGROUP),
        macs: 4 * (this.#tiling.slots + 2) * count,
      }),
    );
  }

  /** Calls `one` for ranges of at most `updateVectors` vectors of four. */
  #overVectors(one: (first: number, count: number) => void): void {
    const { count, updateVectors } = this.#tiling;
    for (let first = 0; first < count; first += updateVectors)
      one(first, Math.min(updateVectors, count - first));
  }
}

/** Cuts a list into runs of at most `most` neighbours that are alike. */
function runsOf<T>(all: readonly T[], most: number, alike: (a: T, b: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const one of all) {
    const last = runs.at(-1);
    if (last && last.length < most && alike(last[0], one)) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

/** Pads a list with zeros to TERMS. */
function padded(values: readonly number[]): number[] {
  return Array.from({ length: TERMS }, (_, n) => values[n] ?? 0);
}

/** Adds up the partial sums of a pair: (workgroups, 4) each. */
function productOf(parts: readonly Float32Array[]): Product {
  let [sum, penalised, largest] = [0, 0, 0];
  for (const part of parts)
    for (let at = 0; at < part.length; at += 4) {
      sum += part[at];
      penalised += part[at + 1];
      largest = Math.max(largest, part[at + 2]);
    }
  return { sum, penalised, largest };
}
