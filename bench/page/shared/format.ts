/** Formats numbers for people, in the page and in the terminal. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** 60,000 */
export function count(value: number): string {
  return whole.format(value);
}

/** 92.64 % */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** Four significant digits, or four decimals below 1. */
export function loss(value: number): string {
  return value < 1 ? value.toFixed(4) : value.toPrecision(4);
}

/** 4.2 s, 1 min 12 s */
export function seconds(value: number): string {
  if (value < 59.95) return `${value.toFixed(1)} s`;
  const rounded = Math.round(value);
  return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
}

/** Two significant digits: 0.26, 7.8e-6 */
export function rough(value: number): string {
  return value === 0 || value >= 0.001 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

/** All digits: 1000, 0.003, 1e-5 */
export function plain(value: number): string {
  return value < 0.001 ? value.toExponential() : String(value);
}
