/** Kernels that are wrong, and what is shown of them. */
import { afterAll } from "vitest";
import type { KernelKind } from "../unit/engine/wasm/pinned.js";

export interface Wrong<Caught extends string> {
  readonly what: string;
  readonly file: string;
  /** Those that are run: most of their code they share. */
  readonly kernels: KernelKind;
  /** Text that stands once in the file, and what replaces it. */
  readonly edit: readonly [from: string, to: string];
  /** Whose error is past its bound. */
  readonly caught: Caught;
}

/** Adds a line to the table that a test file prints when it is done. */
export function rhoTable<Caught extends string>(): (
  what: string,
  found: Readonly<Partial<Record<Caught, number>>>,
) => void {
  const table: string[] = [];
  afterAll(() => console.log(`ρ = error / bound\n${table.join("\n")}`));
  return (what, found) => {
    const rhos = Object.entries<number | undefined>(found).map(
      ([stage, rho]) => `${stage} ${rho?.toPrecision(2)}`,
    );
    table.push(`${what.padEnd(72)} ${rhos.join("  ")}`);
  };
}
