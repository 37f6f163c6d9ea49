/** Reads the page's colours from style.css: for and against a digit, and the paper and ink between. */

/** red, green, blue from 0 to 255 */
type Rgb = readonly [number, number, number];

export interface Colours {
  /** The background: no evidence either way. */
  readonly paper: Rgb;
  readonly ink: Rgb;
  readonly for: Rgb;
  readonly against: Rgb;
}

export function colours(): Colours {
  const read = (name: string) => rgb(css(name));
  return { paper: read("--paper"), ink: read("--ink"), for: read("--for"), against: read("--against") };
}

/** Value of a custom property of style.css in the current colour scheme, "" if there is none. */
export function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls `draw` whenever the colour scheme changes between light and dark. */
export function onSchemeChange(draw: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

/** Diverging colour scale from −1 (against) through 0 (paper) to 1 (for). Values beyond are clamped. */
export function diverging(value: number, { paper, for: positive, against }: Colours): Rgb {
  const end = value < 0 ? against : positive;
  const share = Math.min(Math.abs(value), 1);
  const mix = (channel: 0 | 1 | 2) => paper[channel] + share * (end[channel] - paper[channel]);
  return [mix(0), mix(1), mix(2)];
}

/** Parses a colour such as #1f5fae. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
