/** A kernel: the linked text of a shader, and the bindings and constants that follow from it. */

export interface Binding {
  readonly name: string;
  /** Its @binding number. A library's binding has one number, so that a kernel without it has a gap. */
  readonly number: number;
  /** A uniform's offset changes from dispatch to dispatch; a constant's does not. */
  readonly kind: "uniform" | "constant" | "read" | "write";
}

export interface Kernel {
  readonly source: string;
  /** In the order of their numbers. */
  readonly bindings: readonly Binding[];
  /** Constants that a specialisation must provide: those without a type whose value is a literal. */
  readonly constants: readonly string[];
}

/** Indents a linked text, and reads its bindings and constants, each of which has a line of its own. */
export function kernelOf(text: string): Kernel {
  const source = indent(text);
  const bindings = [...source.matchAll(/@binding\((\d+)\) var<(.+?)> (\w+)/g)]
    .map(([, number, space, name]) => ({ number: Number(number), kind: kindOf(Number(number), space), name }))
    .sort((a, b) => a.number - b.number);
  return {
    source,
    bindings,
    constants: Array.from(source.matchAll(/^const (\w+) = (?:[\d.e-]+u?|true|false);/gm), ([, name]) => name),
  };
}

/** Indents the lines of a text by their depth, which `specialise` finds the ends of blocks by. */
function indent(text: string): string {
  let depth = 0;
  const lines = text.split(/\n */).map((line) => {
    if (/^[})]/.test(line)) depth--;
    const indented = "  ".repeat(depth) + line;
    if (/[({](?: \/\/ unroll)?$/.test(line)) depth++;
    return indented;
  });
  return lines.join("\n");
}

/** The uniform at binding 0 belongs to the dispatch. */
function kindOf(number: number, space: string): Binding["kind"] {
  if (space === "uniform") return number === 0 ? "uniform" : "constant";
  return space === "storage, read" ? "read" : "write";
}
