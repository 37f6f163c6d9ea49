/**
 * Recognises arrays by their tag: those of another realm (an iframe, node:vm, Jest) are not instances of the
 * classes of this one.
 */

/** Float16Array, where the TypeScript library declares it. */
type Float16 = typeof globalThis extends { Float16Array: { prototype: infer Instance } } ? Instance : never;

export type TypedArray =
  | Float16
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

interface TypedArrayConstructor {
  readonly name: string;
  readonly prototype: TypedArray;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const TYPES: readonly TypedArrayConstructor[] = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int16Array,
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  Uint16Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  ...(typeof Float16Array === "undefined" ? [] : [Float16Array]),
];

/** The value as a typed array of this realm over the same memory; undefined if it is not a typed array. */
export function toTypedArray(value: unknown): TypedArray | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  const Type = TYPES.find(({ name }) => name === tag);
  if (!Type) return undefined;
  if (value instanceof Type) return value;
  if (value.byteLength === 0) return new Type(0); // its buffer may be detached
  return new Type(value.buffer, value.byteOffset, value.byteLength / Type.BYTES_PER_ELEMENT);
}

export function isFloats(values: TypedArray | undefined): values is Float32Array | Float64Array | Float16 {
  return (
    values instanceof Float32Array ||
    values instanceof Float64Array ||
    (typeof Float16Array !== "undefined" && values instanceof Float16Array)
  );
}

/** Copies arrays one after another into one that is as long as all of them. Returns it. */
export function joinArrays<T extends { set(part: T, at: number): void; readonly length: number }>(
  parts: readonly T[],
  whole: T,
): T {
  let filled = 0;
  for (const part of parts) {
    whole.set(part, filled);
    filled += part.length;
  }
  return whole;
}
