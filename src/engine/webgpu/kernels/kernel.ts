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

/** Reads the bindings and constants of a linked text, in which each is on a line of its own. */
export function kernelOf(source: string): Kernel {
  const bindings = [...source.matchAll(/@binding\((\d+)\) var<(.+?)> (\w+)/g)]
    .map(([, number, space, name]) => ({ number: Number(number), kind: kindOf(Number(number), space), name }))
    .sort((a, b) => a.number - b.number);
  return {
    source,
    bindings,
    constants: Array.from(source.matchAll(/^const (\w+) = (?:[\d.e-]+u?|true|false);/gm), ([, name]) => name),
  };
}

/** The uniform at binding 0 belongs to the dispatch. */
function kindOf(number: number, space: string): Binding["kind"] {
  if (space === "uniform") return number === 0 ? "uniform" : "constant";
  return space === "storage, read" ? "read" : "write";
}
