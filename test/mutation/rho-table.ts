/** The table of errors that a test of wrong kernels prints. */
import { afterAll } from "vitest";

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
