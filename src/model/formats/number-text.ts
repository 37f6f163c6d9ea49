/** Writes f32 numbers as JSON, many times as fast as `toPrecision`. */

/** Most bytes of a number. */
export const NUMBER_BYTES = 24;

/** Nine significant digits give an f32 back exactly. */
const DIGITS = 9;
const LARGEST = 10 ** DIGITS;
/** Powers of ten that f64 holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, n) => 10 ** n);
const [ZERO, POINT, MINUS] = [48, 46, 45];

/** Writes a number, as JavaScript does with nine significant digits, from `at` on. Returns where it ends. */
export function writeNumber(to: Uint8Array, at: number, value: number): number {
  if (value === 0) {
    to[at] = ZERO;
    return at + 1;
  }
  if (value < 0) to[at++] = MINUS;
  const size = Math.abs(value);
  // Between 1e-6 and 1e9 f64 scales the number to nine digits with an error far below half a unit of f32.
  if (size < 1e-6 || size >= LARGEST) return writeText(to, at, size);
  let point = 0; // digits before the decimal point; below 0, zeros after it
  while (size >= POWERS[point]) point++;
  while (size * POWERS[1 - point] < 1) point--;
  let digits = Math.round(size * POWERS[DIGITS - point]);
  if (digits >= LARGEST) {
    digits = LARGEST / 10;
    point++;
  }
  let count = DIGITS;
  for (let shorter = Math.trunc(digits / 10); 10 * shorter === digits; shorter = Math.trunc(digits / 10)) {
    digits = shorter;
    count--;
  }
  return writeDecimal(to, at, digits, count, point);
}

/** Writes `count` digits, of which `point` come before the decimal point. */
function writeDecimal(to: Uint8Array, at: number, digits: number, count: number, point: number): number {
  if (point >= count) return writeDigits(to, at, digits * POWERS[point - count], point);
  let end = at;
  if (point <= 0) {
    to[end++] = ZERO;
    to[end++] = POINT;
    return writeDigits(to, end, digits, count - point);
  }
  const unit = POWERS[count - point];
  const whole = Math.floor(digits / unit);
  end = writeDigits(to, end, whole, point);
  to[end++] = POINT;
  return writeDigits(to, end, digits - whole * unit, count - point);
}

/** Writes `count` digits of a whole number, zeros before it included. Returns where they end. */
function writeDigits(to: Uint8Array, at: number, whole: number, count: number): number {
  let left = whole;
  for (let place = at + count - 1; place >= at; place--) {
    const rest = (left / 10) | 0;
    to[place] = ZERO + left - 10 * rest;
    left = rest;
  }
  return at + count;
}

function writeText(to: Uint8Array, at: number, size: number): number {
  const text = String(Number(size.toPrecision(DIGITS)));
  for (let n = 0; n < text.length; n++) to[at + n] = text.charCodeAt(n);
  return at + text.length;
}
