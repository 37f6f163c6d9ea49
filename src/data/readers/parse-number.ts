/** Parses numbers of text files. */

const [PLUS, MINUS, POINT, ZERO, NINE] = [43, 45, 46, 48, 57];
/** The most digits whose integer f64 surely holds. */
const EXACT_DIGITS = 15;
/** Powers of ten that f64 holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, n) => 10 ** n);

/** What files write for a number that is missing, besides nothing. */
const MISSING = new Set([
  "NA",
  "N/A",
  "NaN",
  "nan",
  "null",
  "NULL",
  "None",
  "n/a",
  "#N/A",
  "<NA>",
  "-nan",
  "?",
]);

/**
 * Returns the number that a text is: NaN for one that is missing, undefined for a text that is no number.
 * Spaces around it do not count. Few digits are read one by one, and m / 10^d is then rounded once (Clinger
 * 1990); Number reads the others.
 */
export function parseNumber(text: string): number | undefined {
  const { length } = text;
  let at = 0;
  const sign = text.charCodeAt(0);
  if (sign === MINUS || sign === PLUS) at = 1;
  let mantissa = 0;
  let digits = 0;
  let decimals = -1;
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) {
      mantissa = 10 * mantissa + (code - ZERO);
      digits++;
      if (decimals >= 0) decimals++;
    } else if (code === POINT && decimals < 0) {
      decimals = 0;
    } else {
      return parseSlowly(text);
    }
  }
  if (digits === 0 || digits > EXACT_DIGITS) return parseSlowly(text);
  const value = decimals > 0 ? mantissa / POWERS[decimals] : mantissa;
  return sign === MINUS ? -value : value;
}

/** Reads exponents, many digits, infinities and what is missing. */
function parseSlowly(text: string): number | undefined {
  const bare = text.trim();
  if (bare === "" || MISSING.has(bare)) return Number.NaN;
  if (/^[+-]?inf(inity)?$/i.test(bare)) return bare.startsWith("-") ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(bare) ? Number(bare) : undefined;
}
