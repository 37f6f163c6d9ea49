/** Computes logits in f64 by WebAssembly, on the calling thread. */
import { fromBase64 } from "../core/base64.js";
import type { FeatureRows } from "../core/rows.js";
import binary from "./assembly/kernel.wasm?unshared";
import type { ModelParts } from "./parts.js";

const [F32, F64] = [4, 8];
/** Size of the memory. */
const PAGES = 16;
const BYTES = PAGES * 2 ** 16;
/** Logits of the rows that are computed together. */
const BLOCK_LOGITS = 2 ** 13;
/** Most rows that are computed together. They share a copy of the weights. */
const BLOCK_ROWS = 16;

/** Adds products to logits; see assembly/index.ts. The numbers are addresses, a count, and the classes. */
type AddProducts = (
  weights: number,
  values: number,
  places: number,
  count: number,
  logits: number,
  classes: number,
) => void;

interface Kernel {
  readonly buffer: ArrayBuffer;
  readonly addProducts: AddProducts;
}

/** Computes the logits of models of so many classes. All such objects share a memory. */
export class RowKernel {
  /** Rows that are computed together. */
  readonly rows: number;
  readonly #addProducts: AddProducts;
  /** (rows, classes) */
  readonly #logits: Float64Array;
  /** (features) The features of a row that are not 0, and where their weights begin, in bytes. */
  readonly #values: Float64Array;
  readonly #places: Uint32Array;
  /** (features, classes) */
  readonly #weights: Float32Array;

  constructor({ buffer, addProducts }: Kernel, classes: number) {
    this.#addProducts = addProducts;
    this.rows = blockRows(classes);
    const features = blockFeatures(classes);
    this.#logits = new Float64Array(buffer, 0, this.rows * classes);
    this.#values = new Float64Array(buffer, this.#logits.byteLength, features);
    this.#places = new Uint32Array(buffer, endOf(this.#values), features);
    this.#weights = new Float32Array(buffer, endOf(this.#places), features * classes);
  }

  /**
   * Computes the logits of up to `rows` rows from `first` on, without offsets: (count, classes), in an array
   * that the next call overwrites. Each logit is the bias, plus the products in the order of the features.
   */
  logits(
    { weights, bias, origin }: ModelParts,
    { x, features, scale, count }: FeatureRows,
    first: number,
  ): Float64Array {
    const classes = bias.length;
    const past = Math.min(first + this.rows, count);
    const [values, places] = [this.#values, this.#places];
    for (let row = first; row < past; row++) this.#logits.set(bias, (row - first) * classes);
    for (let from = 0; from < features; from += values.length) {
      const to = Math.min(from + values.length, features);
      this.#weights.set(weights.subarray(from * classes, to * classes));
      for (let row = first; row < past; row++) {
        let others = 0;
        for (let d = from; d < to; d++) {
          const value = scale * x[row * features + d] - (origin ? origin[d] : 0);
          if (value === 0) continue; // adds nothing; most pixels are 0
          values[others] = value;
          places[others++] = (d - from) * classes * F32;
        }
        const z = this.#logits.byteOffset + (row - first) * classes * F64;
        this.#addProducts(this.#weights.byteOffset, values.byteOffset, places.byteOffset, others, z, classes);
      }
    }
    return this.#logits.subarray(0, (past - first) * classes);
  }
}

function endOf({ byteOffset, byteLength }: ArrayBufferView): number {
  return byteOffset + byteLength;
}

function blockRows(classes: number): number {
  return Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_LOGITS / classes)));
}

/** Features of which the values, places and weights fit the memory beside the logits. */
function blockFeatures(classes: number): number {
  return Math.floor((BYTES - F64 * blockRows(classes) * classes) / (F64 + F32 + F32 * classes));
}

/**
 * Compiles a kernel. Returns undefined where WebAssembly has no SIMD or the page may not compile it: the
 * caller then computes the same sums in a loop.
 */
export function compileKernel(bytes: Uint8Array<ArrayBuffer>): Kernel | undefined {
  try {
    const memory = new WebAssembly.Memory({ initial: PAGES });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
    const { addProducts } = exports;
    if (typeof addProducts !== "function") return undefined;
    return { buffer: memory.buffer, addProducts: (...numbers) => addProducts(...numbers) };
  } catch {
    return undefined;
  }
}

let compiled: { readonly kernel: Kernel | undefined } | undefined;

/** Returns the kernel for models of so many classes, or undefined where there is none for them. */
export function rowKernel(classes: number): RowKernel | undefined {
  compiled ??= { kernel: compileKernel(fromBase64(binary)) };
  return compiled.kernel && blockFeatures(classes) > 0 ? new RowKernel(compiled.kernel, classes) : undefined;
}
