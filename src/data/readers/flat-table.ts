/** Reads the tables of a FlatBuffer. Each lies within it, and their number is limited. */

/** Tables of a buffer: those of an Arrow schema of 100,000 columns are fewer. */
const MOST_TABLES = 2 ** 20;

/** A table: fields by their number. Throws an Error or a RangeError where the buffer is damaged. */
export class FlatTable {
  readonly #view: DataView;
  readonly #at: number;
  /** Tables that were opened: offsets may point to the same ones time and again. */
  readonly #opened: { count: number };

  private constructor(view: DataView, at: number, opened: { count: number }) {
    if (++opened.count > MOST_TABLES) throw new Error(`its header has more than ${MOST_TABLES} tables`);
    this.#view = view;
    this.#at = at + view.getUint32(at, true);
    this.#opened = opened;
  }

  /** Opens the table that a buffer begins with the place of. */
  static open(view: DataView): FlatTable {
    return new FlatTable(view, 0, { count: 0 });
  }

  /** Returns where a field is, or undefined where it has its default. */
  #place(field: number): number | undefined {
    const vtable = this.#at - this.#view.getInt32(this.#at, true);
    const slot = 4 + 2 * field;
    if (slot >= this.#view.getUint16(vtable, true)) return undefined;
    const offset = this.#view.getUint16(vtable + slot, true);
    return offset === 0 ? undefined : this.#at + offset;
  }

  byte(field: number, fallback = 0): number {
    const at = this.#place(field);
    return at === undefined ? fallback : this.#view.getUint8(at);
  }

  short(field: number, fallback = 0): number {
    const at = this.#place(field);
    return at === undefined ? fallback : this.#view.getInt16(at, true);
  }

  int(field: number, fallback = 0): number {
    const at = this.#place(field);
    return at === undefined ? fallback : this.#view.getInt32(at, true);
  }

  long(field: number, fallback = 0): number {
    const at = this.#place(field);
    return at === undefined ? fallback : this.#longAt(at);
  }

  #longAt(at: number): number {
    const value = Number(this.#view.getBigInt64(at, true));
    if (!Number.isSafeInteger(value)) throw new Error(`its header has ${value} for a size`);
    return value;
  }

  table(field: number): FlatTable | undefined {
    const at = this.#place(field);
    return at === undefined ? undefined : new FlatTable(this.#view, at, this.#opened);
  }

  text(field: number): string {
    const { at, length } = this.#vector(field, 1);
    const bytes = new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  }

  tables(field: number): FlatTable[] {
    const { at, length } = this.#vector(field, 4);
    return Array.from({ length }, (_, n) => new FlatTable(this.#view, at + 4 * n, this.#opened));
  }

  /** Returns the first `count` integers of 64 bits in each element, of `stride` bytes, of a vector. */
  longs(field: number, stride: number, count: number): number[][] {
    const { at, length } = this.#vector(field, stride);
    return Array.from({ length }, (_, n) =>
      Array.from({ length: count }, (__, i) => this.#longAt(at + stride * n + 8 * i)),
    );
  }

  #vector(field: number, stride: number): { at: number; length: number } {
    const place = this.#place(field);
    if (place === undefined) return { at: 0, length: 0 };
    const start = place + this.#view.getUint32(place, true);
    const length = this.#view.getUint32(start, true);
    if (start + 4 + stride * length > this.#view.byteLength) {
      throw new Error(`its header has a vector of ${length} elements, beyond its end`);
    }
    return { at: start + 4, length };
  }
}
