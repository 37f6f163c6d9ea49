/** Formats measured numbers for people, with three significant digits. */
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** 152,000 · 26.9 · 0.027 */
export function significant(value: number): string {
  return three.format(value);
}

/** 12.3 µs · 26.9 ms · 5.22 s, with non-breaking spaces */
export function duration(milliseconds: number): string {
  if (milliseconds < 0.1) return `${significant(1000 * milliseconds)}\u00a0µs`;
  if (milliseconds < 1000) return `${significant(milliseconds)}\u00a0ms`;
  return `${significant(milliseconds / 1000)}\u00a0s`;
}

/** 1 GiB · 32 KiB · 500 B */
export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(count) / 10));
  return `${significant(count / 1024 ** power)} ${units[power] ?? ""}`;
}
