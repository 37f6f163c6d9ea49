/** Checks structs in Thrift's compact encoding, as Parquet has them, before the library reads them. */

const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Structs within structs: Parquet has fewer. */
const DEEPEST = 16;
/** Bytes of the longest integer, of 64 bits. */
const INTEGER_BYTES = 10;

/**
 * Returns the offset behind the struct at `offset`. Throws an Error where it is damaged: the library would
 * allocate lists of any length, and read integers of any length.
 */
export function endOfStruct(view: DataView, offset: number, depth = 0): number {
  if (depth > DEEPEST) throw new Error(`its structs are nested more than ${DEEPEST} deep`);
  let at = offset;
  for (;;) {
    const byte = view.getUint8(at++);
    const type = byte & 15;
    if (type === STOP) return at;
    if (byte >> 4 === 0) at = readInteger(view, at).end; // the number of the field
    at = endOfValue(view, at, type, depth);
  }
}

function endOfValue(view: DataView, at: number, type: number, depth: number): number {
  switch (type) {
    case TRUE:
    case FALSE:
      return at;
    case BYTE:
      return at + 1;
    case DOUBLE:
      return at + 8;
    case BINARY: {
      const { value, end } = readInteger(view, at);
      return fit(view, end, value);
    }
    case LIST:
      return endOfList(view, at, depth);
    case STRUCT:
      return endOfStruct(view, at, depth + 1);
    default:
      return readInteger(view, at).end; // the library refuses sets and maps
  }
}

function endOfList(view: DataView, offset: number, depth: number): number {
  const byte = view.getUint8(offset);
  const type = byte & 15;
  const long = byte >> 4 === 15;
  const { value: length, end } = long ? readInteger(view, offset + 1) : { value: byte >> 4, end: offset + 1 };
  fit(view, end, length); // each element has a byte or more
  let at = end;
  for (let n = 0; n < length; n++) {
    at = endOfValue(view, at, type === TRUE || type === FALSE ? BYTE : type, depth);
  }
  return at;
}

function fit(view: DataView, at: number, length: number): number {
  if (at + length > view.byteLength) {
    throw new Error(`it has ${length} bytes or values at byte ${at} of ${view.byteLength}`);
  }
  return at + length;
}

/** Reads an unsigned integer of seven bits a byte. Returns it, rounded to 53 bits, and where it ends. */
export function readInteger(view: DataView, offset: number): { value: number; end: number } {
  let value = 0;
  for (let n = 0; n < INTEGER_BYTES; n++) {
    const byte = view.getUint8(offset + n);
    value += (byte & 127) * 2 ** (7 * n);
    if (byte < 128) return { value, end: offset + n + 1 };
  }
  throw new Error(`it has an integer of more than ${INTEGER_BYTES} bytes at byte ${offset}`);
}
