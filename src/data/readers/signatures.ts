/** Tells the formats of files by their first bytes. */

/** The bytes of the header of IDX that are types of values. */
export const IDX_TYPES = [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e] as const;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|nan|inf)`;
const SVMLIGHT_LINE = new RegExp(String.raw`^${NUMBER}(?:\s+qid:\d+)?(?:\s+\d+:${NUMBER})*$`, "i");

export function isIdx([first, second, type]: Uint8Array): boolean {
  return first === 0 && second === 0 && IDX_TYPES.some((one) => one === type);
}

export function isNpy(head: Uint8Array): boolean {
  return beginsWith(head, "\x93NUMPY");
}

/** Tells whether bytes begin as a zip file does whose first member is an array. */
export function isNpz(head: Uint8Array): boolean {
  if (!beginsWith(head, "PK\x03\x04") || head.length < 30) return false;
  const name = head.subarray(30, 30 + head[26] + 256 * head[27]);
  return new TextDecoder().decode(name).endsWith(".npy");
}

export function isParquet(head: Uint8Array): boolean {
  return beginsWith(head, "PAR1");
}

/** Tells files, of both versions, and streams: these begin with a marker and the length of a schema. */
export function isArrow(head: Uint8Array): boolean {
  const isStream = beginsWith(head, "\xff\xff\xff\xff") && head[4] % 8 === 0 && head[7] < 8;
  return beginsWith(head, "ARROW1") || beginsWith(head, "FEA1") || isStream;
}

/** Tells whether all lines are of the format, and one has a feature. */
export function isSvmlight(head: Uint8Array): boolean {
  const lines = new TextDecoder().decode(head).split("\n");
  const last = lines.pop() ?? "";
  // The head may end within a line: its last word is left out.
  const whole = [...lines, last.slice(0, Math.max(0, last.search(/\s\S*$/)))];
  const all = whole.map(withoutComment);
  return (
    all.some((line) => line.includes(":")) && all.every((line) => line === "" || SVMLIGHT_LINE.test(line))
  );
}

/** Returns a line of svmlight without its comment. */
export function withoutComment(line: string): string {
  const at = line.indexOf("#");
  return (at < 0 ? line : line.slice(0, at)).trim();
}

export function isJson(head: Uint8Array): boolean {
  return /^\s*[{[]/.test(new TextDecoder().decode(head));
}

/** Tells text by the lack of control characters but tabs and the ends of lines. UTF-16 has zeros. */
export function isText(head: Uint8Array): boolean {
  return head.length > 0 && !head.some((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13);
}

/** Tells whether bytes begin with those of a text of characters up to U+00FF. */
function beginsWith(head: Uint8Array, text: string): boolean {
  return head.length >= text.length && Array.from(text).every((one, at) => head[at] === one.charCodeAt(0));
}
