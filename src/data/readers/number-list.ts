/** A list of numbers that grows. */
import { allocate } from "../numbers.js";

/** Numbers that it has room for at first. */
const FIRST = 64;

export class NumberList {
  readonly #what: string;
  #values = new Float64Array(FIRST);
  #length = 0;

  /** @param what what the numbers are, in the plural: an error begins with it where memory runs out */
  constructor(what: string) {
    this.#what = what;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow(this.#length + 1);
    this.#values[this.#length++] = value;
  }

  /** Adds a value until there are `length`. */
  fillTo(length: number, value: number): void {
    if (length <= this.#length) return;
    if (length > this.#values.length) this.#grow(length);
    this.#values.fill(value, this.#length, length);
    this.#length = length;
  }

  /** The values: a view of those that are there now. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }

  #grow(length: number): void {
    const longer = allocate(Float64Array, Math.max(length, 2 * this.#values.length), this.#what);
    longer.set(this.#values);
    this.#values = longer;
  }
}
