/** Checks that every call ends in a result of finite numbers or in an error of smigh's. */
import { inspect } from "node:util";
import { SmighError } from "../../src/index.js";

/** Numbers that are NaN by definition for a class without examples; see Evaluation. */
const MAY_BE_NAN = ["precision", "recall", "f1"];

export interface Call {
  readonly run: () => unknown;
  /** The arguments of the call, for the report. */
  readonly given: readonly unknown[];
  /** The caller's own errors, such as a signal's reason. */
  readonly own?: readonly unknown[];
}

/** Counts how calls ended, and keeps one call for each kind of fault. */
export class Outcomes {
  results = 0;
  errors = 0;
  readonly #faults = new Map<string, string>();

  /** One line for each kind of fault: what is wrong, where it was thrown, and what the call was given. */
  get faults(): string[] {
    return [...this.#faults].map(([kind, given]) => `${kind}\n      given ${given}`);
  }

  async add({ run, given, own = [] }: Call): Promise<void> {
    const shown = inspect(given, { depth: 6, maxArrayLength: 12, breakLength: Infinity, compact: true });
    try {
      const result = await run();
      this.results++;
      const bad = notFinite(result, "result");
      if (bad !== undefined) this.#faults.set(bad.replaceAll(/\d+/g, "…"), shown);
    } catch (error) {
      this.errors++;
      if (own.includes(error) || (error instanceof SmighError && error.message !== "")) return;
      const kind = error instanceof Error ? `${String(error)} ${placeOf(error)}` : `threw ${inspect(error)}`;
      this.#faults.set(kind, shown);
    }
  }
}

/** The name and value of the first number that is not finite. */
function notFinite(value: unknown, name: string, seen = new Set<unknown>()): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${name} is ${value}`;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || seen.has(value)) {
    return undefined;
  }
  seen.add(value);
  for (const [key, inner] of Object.entries(value)) {
    if (MAY_BE_NAN.includes(key)) continue;
    const bad = notFinite(inner, `${name}.${key}`, seen);
    if (bad !== undefined) return bad;
  }
  return undefined;
}

/** The innermost line of src/ in the stack. */
function placeOf(error: Error): string {
  return (
    error.stack
      ?.split("\n")
      .find((line) => line.includes("/src/"))
      ?.trim() ?? ""
  );
}
