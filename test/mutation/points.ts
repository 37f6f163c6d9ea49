/** Edits source texts at the points that they mark: lines that end with the comment `// @point NAME`. */

export interface Edit {
  readonly what: string;
  readonly point: string;
  /** Text that occurs exactly once in the line of the point, and its replacement. */
  readonly edit: readonly [from: string, to: string];
}

/** Lists the marked points of a text. */
export function pointsOf(text: string): string[] {
  return Array.from(text.matchAll(/@point (\S+)$/gm), ([, point]) => point);
}

/** Returns the text of the file with one edit. */
export function editText(file: string, text: string, { point, edit }: Edit): string {
  const [from, to] = edit;
  const lines = text.split("\n").map((line) => {
    if (!line.endsWith(`@point ${point}`)) return line;
    const parts = line.split(from);
    if (parts.length !== 2) throw new Error(`"${from}" does not occur once in ${file}: ${line.trim()}`);
    return parts.join(to);
  });
  return lines.join("\n");
}
