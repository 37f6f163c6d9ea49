/** Wrong kernels, and the table of their errors. */
import { afterAll } from "vitest";
import type { KernelKind } from "../unit/engine/wasm/pinned.js";

export interface Wrong<Caught extends string> {
  readonly what: string;
  readonly file: string;
  /** The kernels that are run; they share most of their code. */
  readonly kernels: KernelKind;
  /** Text that occurs exactly once in the file, and its replacement. */
  readonly edit: readonly [from: string, to: string];
  /** The result whose error exceeds its bound. */
  readonly caught: Caught;
}

/** Adds a line to the table that a test file prints when it ends. */
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
