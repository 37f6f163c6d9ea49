/** An objective's vectors on the device, each (features + 1, classes), padded like the kernels' weights. */
import { DeviceError } from "../../../core/errors.js";
import type { Matrix, Product, Term, Vector, VectorSpace } from "../../vectors.js";
import type { FloatArray } from "../../../core/rows.js";
import { type Buffers, pad, unpad } from "../kernels/blocks.js";
import type { Commands } from "./commands.js";
import type { ObjectiveContext } from "./context.js";
import { PRODUCT_VECTORS, vectorKernels } from "../kernels/constants.js";
import type { Gpu } from "../device/device.js";
import { compiled } from "../kernels/pipelines.js";
import { type ObjectiveTiling, grid } from "../kernels/tiling.js";

/** Threads in a workgroup. */
const WORKGROUP = 64;
/** Vectors that one dispatch of combine adds up. */
const TERMS = 4;

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
  const specialisation = vectorKernels(placed.rows, problem, tiling);
  const [combine, products, multiply, centre, subgradient, orthant, restrict, gradientSum] =
    await Promise.all(VECTOR_KERNELS.map((name) => compiled(gpu, name, specialisation)));
  return { combine, products, multiply, centre, subgradient, orthant, restrict, gradientSum };
}

export class GpuVectors implements VectorSpace {
  readonly precision = 2 ** -24;
  readonly #gpu: Gpu;
  readonly #commands: Commands;
  readonly #kernels: VectorKernels;
  readonly #tiling: ObjectiveTiling;
  readonly #features: number;
  readonly #buffers: GPUBuffer[] = [];
  readonly #matrices: GPUBuffer[] = [];
  /** Placeholder for an unused term. */
  readonly #nothing: GPUBuffer;
  /** (4·features4) each: the l2 and the l1 penalty of each feature, padded with zeros. */
  readonly #penalties: GPUBuffer;
  readonly #l1: GPUBuffer;

  constructor({ gpu, commands, placed, problem, tiling }: ObjectiveContext, kernels: VectorKernels) {
    this.#features = placed.rows.features;
    this.#gpu = gpu;
    this.#commands = commands;
    this.#kernels = kernels;
    this.#tiling = tiling;
    this.#nothing = gpu.buffer("no vector", 16, GPUBufferUsage.STORAGE);
    this.#penalties = this.#ofFeatures("penalties", problem.penalties);
    this.#l1 = this.#ofFeatures("l1 penalties", problem.l1);
  }

  #ofFeatures(what: string, values: FloatArray = new Float32Array()): GPUBuffer {
    const padded = new Float32Array(4 * this.#tiling.features4);
    padded.set(values);
    return this.#create(what, padded.byteLength, padded);
  }

  vector(values?: FloatArray): Vector {
    const { classes, classes4, count } = this.#tiling;
    const number = this.#buffers.length;
    const padded = values && pad(values, classes, 4 * classes4, 4 * count);
    this.#buffers.push(this.#create(`vector ${number + 1} of ${classes} classes`, 16 * count, padded));
    return { number };
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

  #create(label: string, bytes: number, values?: Float32Array<ArrayBuffer>): GPUBuffer {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const buffer = this.#gpu.buffer(label, bytes, STORAGE | COPY_SRC | COPY_DST);
    if (values) this.#gpu.run(() => this.#gpu.device.queue.writeBuffer(buffer, 0, values));
    return buffer;
  }

  buffer({ number }: Vector): GPUBuffer {
    return this.#buffers[number];
  }

  async read(vector: Vector): Promise<FloatArray> {
    const { classes, classes4, count } = this.#tiling;
    const padded = await this.#commands.read(this.buffer(vector), 16 * count);
    const rows = unpad(new Float32Array(padded), 4 * classes4, classes); // 4·features4 of them
    return rows.subarray(0, (this.#features + 1) * classes);
  }

  combine(to: Vector, terms: readonly Term[]): void {
    const isTo = ([, { number }]: Term) => number === to.number;
    const others = terms.filter((term) => !isTo(term));
    let own = terms.filter(isTo).reduce((sum, [factor]) => sum + factor, 0);
    for (let first = 0; first < Math.max(1, others.length); first += TERMS) {
      const some = others.slice(first, first + TERMS);
      const factors = Array.from({ length: TERMS }, (_, n) => some[n]?.[0] ?? 0);
      const [term1, term2, term3, term4] = factors.map((_, n) =>
        n < some.length ? this.buffer(some[n][1]) : this.#nothing,
      );
      this.#overVectors((vector, count) =>
        this.#commands.dispatch({
          kernel: this.#kernels.combine,
          buffers: { to: this.buffer(to), term1, term2, term3, term4 },
          whole: [vector],
          real: [own, ...factors],
          groups: grid(count, WORKGROUP),
          macs: 4 * (TERMS + 1) * count,
        }),
      );
      own = 1;
    }
  }

  products(pairs: readonly (readonly [Vector, Vector])[]): Promise<Product[]> {
    return Promise.all(pairs.map(([a, b]) => this.#product(a, b)));
  }

  async #product(a: Vector, b: Vector): Promise<Product> {
    const parts: Promise<Float32Array>[] = [];
    this.#overVectors((vector, count) => {
      const part = this.#commands.sums({
        kernel: this.#kernels.products,
        buffers: { a: this.buffer(a), b: this.buffer(b), penalties: this.#penalties },
        whole: [vector],
        groups: grid(count, WORKGROUP * PRODUCT_VECTORS),
        macs: 12 * count,
      });
      parts.push(part);
    });
    let [sum, penalised, largest] = [0, 0, 0];
    for (const part of await Promise.all(parts))
      for (let at = 0; at < part.length; at += 4) {
        sum += part[at];
        penalised += part[at + 1];
        largest = Math.max(largest, part[at + 2]);
      }
    return { sum, penalised, largest };
  }

  multiply(to: Vector, { number }: Matrix, from: Vector): void {
    const { features4, classes4, submissionMacs } = this.#tiling;
    const fours = features4 * classes4;
    const macs = 64 * features4; // per thread, which owns four rows of four classes
    const most = Math.max(1, Math.floor(submissionMacs / macs));
    for (let first = 0; first < fours; first += most) {
      const some = Math.min(most, fours - first);
      this.#commands.dispatch({
        kernel: this.#kernels.multiply,
        buffers: { matrix: this.#matrices[number], weights: this.buffer(from), to: this.buffer(to) },
        whole: [first],
        groups: grid(some, WORKGROUP),
        macs: macs * some,
      });
    }
  }

  centre(vector: Vector): void {
    const { classes4, features4, rowLanes, updateVectors } = this.#tiling;
    const most = Math.max(1, Math.floor(updateVectors / classes4));
    for (let first = 0; first < 4 * features4; first += most) {
      const past = Math.min(4 * features4, first + most);
      this.#commands.dispatch({
        kernel: this.#kernels.centre,
        buffers: { weights: this.buffer(vector) },
        whole: [first, past],
        groups: grid((past - first) * rowLanes, WORKGROUP),
        macs: 8 * classes4 * (past - first),
      });
    }
  }

  subgradient(to: Vector, w: Vector, gradient: Vector): void {
    const [weights, g] = [w, gradient].map((vector) => this.buffer(vector));
    this.#elementwise("subgradient", { weights, gradient: g, l1: this.#l1, to: this.buffer(to) });
  }

  orthant(to: Vector, w: Vector, p: Vector, d: Vector): void {
    const [weights, direction, subgradient] = [w, p, d].map((vector) => this.buffer(vector));
    this.#elementwise("orthant", { weights, direction, subgradient, to: this.buffer(to) });
  }

  restrict(to: Vector, v: Vector, w: Vector, d: Vector): void {
    const [values, weights, subgradient] = [v, w, d].map((vector) => this.buffer(vector));
    this.#elementwise("restrict", { values, weights, subgradient, to: this.buffer(to) });
  }

  #elementwise(name: "subgradient" | "orthant" | "restrict", buffers: Buffers): void {
    this.#overVectors((vector, count) =>
      this.#commands.dispatch({
        kernel: this.#kernels[name],
        buffers,
        whole: [vector],
        groups: grid(count, WORKGROUP),
        macs: 16 * count,
      }),
    );
  }

  /** to ← scale·G + penalties·w, where the slots hold parts of G. */
  total(slots: GPUBuffer, scale: number, w: Vector, to: Vector): void {
    this.#overVectors((vector, count) =>
      this.#commands.dispatch({
        kernel: this.#kernels.gradientSum,
        buffers: { slots, weights: this.buffer(w), penalties: this.#penalties, to: this.buffer(to) },
        whole: [vector],
        real: [scale],
        groups: grid(count, WORKGROUP),
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
