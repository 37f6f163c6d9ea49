/** Parses the header of a .npy file, which is a dictionary written in Python. */
import { DataError } from "../../core/errors.js";
import { show } from "../../core/show.js";
import { type Chunks, gather, hexadecimal } from "./byte-stream.js";
import { isNpy } from "./signatures.js";

/** What a header says. */
export interface NpyHeader {
  /** "f", "i", "u", "b" (booleans), "U" (texts of code points) or "S" (texts of bytes). */
  readonly kind: string;
  /** Bytes of a value. */
  readonly size: number;
  readonly bigEndian: boolean;
  /** Whether the first dimension varies fastest. */
  readonly fortran: boolean;
  /** Sizes of the dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** Bytes of the header itself. */
  readonly bytes: number;
  /** The type as NumPy writes it, such as "<f4". */
  readonly descr: string;
}

/** The sizes that numbers of a kind have. */
const SIZES: ReadonlyMap<string, readonly number[]> = new Map([
  ["f", [2, 4, 8]],
  ["i", [1, 2, 4, 8]],
  ["u", [1, 2, 4, 8]],
  ["b", [1]],
]);

/** The longest header: NumPy's own are of some hundred bytes. */
const LONGEST = 2 ** 16;
/** The longest text of an array, in bytes. */
const LONGEST_TEXT = 2 ** 20;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

const ADVICE = "save one plain array of numbers, booleans or texts, by numpy.save(…, allow_pickle=False)";

/** Reads the header, and returns the bytes that came with it. */
export async function readNpyHeader(
  chunks: Chunks,
  name: string,
): Promise<{ header: NpyHeader; rest: Uint8Array }> {
  const need = async (have: Uint8Array, length: number) => {
    const bytes = await gather(chunks, have, length);
    if (bytes.length >= length) return bytes;
    throw new DataError(
      `${name}: is truncated; its header takes ${length} bytes or more, the file has ${bytes.length}.`,
    );
  };
  const start = await gather(chunks, new Uint8Array(0), MAGIC.length);
  if (!isNpy(start)) {
    const found = start.length > 0 ? `it begins with ${hexadecimal(start.subarray(0, 6))}` : "it is empty";
    throw new DataError(`${name}: is no .npy file; ${found}, and a .npy file with 93 4e 55 4d 50 59.`);
  }
  const version = await need(start, 8);
  const [, , , , , , major, minor] = version;
  if (major < 1 || major > 3 || minor !== 0) {
    throw new DataError(
      `${name}: is a .npy file of version ${major}.${minor}, and 1.0, 2.0 and 3.0 are read: save it again.`,
    );
  }
  const from = major === 1 ? 10 : 12;
  const sized = await need(version, from);
  const view = new DataView(sized.buffer, sized.byteOffset, from);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST) {
    throw new DataError(
      `${name}: its header has ${length} bytes, and at most ${LONGEST} are read: ${ADVICE}.`,
    );
  }
  const whole = await need(sized, from + length);
  const text = new TextDecoder(major === 3 ? "utf-8" : "latin1").decode(whole.subarray(from, from + length));
  const header = { ...parseHeader(text, from, name), bytes: from + length };
  return { header, rest: whole.subarray(from + length) };
}

/** Parses the dictionary. `from` is the place of its first byte in the file. */
function parseHeader(text: string, from: number, name: string): Omit<NpyHeader, "bytes"> {
  const fields = new Map<string, string | boolean | number[]>();
  const parser = new Parser(text, from, name);
  parser.take(/\{/, "{");
  while (!parser.skip(/\}/)) {
    const key = parser.take(STRING, "a name in quotation marks").slice(1, -1);
    parser.take(/:/, ":");
    if (fields.has(key)) parser.fail(`one ${key}`);
    if (key === "descr" && parser.skip(/\[/)) {
      throw new DataError(`${name}: is of records of several fields (a structured dtype): ${ADVICE}.`);
    }
    if (key === "descr") fields.set(key, parser.take(STRING, "the name of a type").slice(1, -1));
    else if (key === "fortran_order") fields.set(key, parser.take(/True|False/, "True or False") === "True");
    else if (key === "shape") fields.set(key, parseShape(parser));
    else parser.fail("descr, fortran_order or shape");
    if (!parser.skip(/,/)) {
      parser.take(/\}/, "}");
      break;
    }
  }
  parser.take(/$/, "nothing more");
  const [descr, fortran, shape] = ["descr", "fortran_order", "shape"].map((key) => fields.get(key));
  if (typeof descr !== "string" || typeof fortran !== "boolean" || !Array.isArray(shape)) {
    throw new DataError(`${name}: its header lacks descr, fortran_order or shape: save it again.`);
  }
  return { ...parseType(descr, name), descr, fortran, shape };
}

function parseShape(parser: Parser): number[] {
  const shape: number[] = [];
  parser.take(/\(/, "(");
  while (!parser.skip(/\)/)) {
    shape.push(Number(parser.take(/\d{1,15}L?(?!\d)/, "the size of a dimension").replace("L", "")));
    if (parser.skip(/,/)) continue;
    if (shape.length === 1) parser.fail("a comma"); // (3) is no tuple
    parser.take(/\)/, ")");
    break;
  }
  return shape;
}

/** Parses a type such as "<f4". */
function parseType(descr: string, name: string): Pick<NpyHeader, "kind" | "size" | "bigEndian"> {
  const [, order = "", kind = "", digits = ""] = /^([<>|=]?)([a-zA-Z])(\d{0,9})$/.exec(descr) ?? [];
  const isText = kind === "U" || kind === "S";
  const size = kind === "U" ? 4 * Number(digits) : Number(digits);
  if (isText ? size > 0 && size <= LONGEST_TEXT : SIZES.get(kind)?.includes(size)) {
    return { kind, size, bigEndian: order === ">" };
  }
  const whats: Readonly<Record<string, string>> = {
    O: "Python objects",
    V: "raw bytes or records",
    c: "complex numbers",
    M: "dates",
    m: "durations",
    f: "numbers of more than 64 bits",
  };
  const letter = /^[<>|=]?([OVcMmf])/.exec(descr)?.[1];
  const what = letter === undefined ? "" : `, ${whats[letter]}`;
  throw new DataError(`${name}: is of type ${show(descr)}${what}, which is not read: ${ADVICE}.`);
}

const STRING = /'[^'\\\n]*'|"[^"\\\n]*"/;

/** Takes one token after another. */
class Parser {
  readonly #text: string;
  readonly #from: number;
  readonly #name: string;
  #at = 0;

  constructor(text: string, from: number, name: string) {
    this.#text = text;
    this.#from = from;
    this.#name = name;
  }

  /** Returns the token that comes next, which `what` describes. Throws a DataError if another comes. */
  take(token: RegExp, what: string): string {
    return this.#match(token) ?? this.fail(what);
  }

  /** Takes a token if it comes next. */
  skip(token: RegExp): boolean {
    return this.#match(token) !== undefined;
  }

  fail(what: string): never {
    const found = show(this.#text.slice(this.#at).trimStart().slice(0, 12));
    throw new DataError(
      `${this.#name}: its header has ${found} near byte ${this.#from + this.#at}, where ${what} belongs: save it again.`,
    );
  }

  #match(token: RegExp): string | undefined {
    const sticky = new RegExp(`[ \\t\\n]*(${token.source})`, "y");
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text);
    if (!found) return undefined;
    this.#at = sticky.lastIndex;
    return found[1];
  }
}
