/** What came of the trainings of a consumer, and whether it is what should have. */

/** The engine that a training asks for. */
export type Wanted = "auto" | "webgpu";

/** What app/trainings.js says of a training. */
export type Trained =
  | { readonly error: string }
  | {
      readonly name: string;
      readonly adapter: string;
      readonly why: string;
      /** Number of rows whose predicted label is wrong. */
      readonly wrong: number;
      readonly warnings: readonly string[];
    };

export interface Report {
  /** Cores of the machine, as the consumer sees them. */
  readonly cores: number;
  readonly trained: Readonly<Partial<Record<Wanted, Trained>>>;
  /** Errors and warnings that the page or the program printed. */
  readonly said: readonly string[];
}

/** What a report must say. */
export interface Expected {
  /** The trainings that the consumer makes. */
  readonly wanted: readonly Wanted[];
  /** Whether "auto" trains on a thread for each core, or on one thread. */
  readonly threads: "all" | "one";
  /** The code of the warning that "auto" raises. The browser then says what it refused. */
  readonly warning?: string | undefined;
}

/** The most threads that the wasm engine takes by itself. */
const MOST_THREADS = 16;

/** What is wrong with a report; nothing, if it is as expected. */
export function faultsOf({ cores, trained, said }: Report, expected: Expected): string[] {
  const refusals = expected.warning === undefined ? said : [];
  return [
    ...refusals.map((line) => `the console has ${JSON.stringify(line)}`),
    ...expected.wanted.flatMap((wanted) =>
      faultsOfTraining(wanted, trained[wanted], expected, Math.min(MOST_THREADS, cores)),
    ),
  ];
}

function faultsOfTraining(
  wanted: Wanted,
  one: Trained | undefined,
  { threads, warning }: Expected,
  most: number,
): string[] {
  if (!one) return [`${wanted} has no result`];
  if ("error" in one) return [`${wanted}: ${one.error}`];
  const { name, why, wrong, warnings } = one;
  const engine = wanted === "auto" ? "wasm" : wanted;
  const count = threads === "all" ? most : 1;
  const due = engine === "wasm" && warning !== undefined ? [warning] : [];
  return [
    ...(name === engine ? [] : [`${wanted} trained on ${name}, not on ${engine}: ${why}`]),
    ...(name !== "wasm" || threadsOf(one) === count
      ? []
      : [`${wanted} trained on ${threadsOf(one)} threads, not on ${count}: ${why}`]),
    ...(wrong === 0 ? [] : [`${wanted} predicts ${wrong} labels wrong`]),
    ...(warnings.join() === due.join()
      ? []
      : [`${wanted} warns of ${warnings.join(", ") || "nothing"}, not of ${due.join(", ") || "nothing"}`]),
  ];
}

/** Threads of the wasm engine, undefined for others. */
export function threadsOf(trained: Trained): number | undefined {
  const [, count] = ("adapter" in trained && trained.adapter.match(/(\d+) threads?$/)) || [];
  return count === undefined ? undefined : Number(count);
}
