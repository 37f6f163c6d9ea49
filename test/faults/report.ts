/** Outcomes of faults as Markdown. */
import { type Fault, KINDS, OUTCOMES, type Outcome } from "./fault.js";

export interface Judged extends Pick<Fault, "name" | "item"> {
  readonly outcome: Outcome;
  readonly seconds: number;
  /** The error of the fault itself, if it could not be injected or judged. */
  readonly thrown?: string;
}

/** Faults that were neither recovered nor named. */
export function failures(judged: readonly Judged[]): Judged[] {
  return judged.filter(({ outcome }) => outcome !== "recovered" && outcome !== "named");
}

/** A table of kinds × outcomes, and a list of the failures. */
export function report(head: string, judged: readonly Judged[]): string {
  const items = [...new Set(judged.map(({ item }) => item))].toSorted((a, b) => a - b);
  const rows = items.map((item) => {
    const some = judged.filter((one) => one.item === item);
    return [`${item}. ${KINDS[item] ?? ""}`, ...counts(some)];
  });
  const table = [["", "faults", ...OUTCOMES], ["---", ...Array(1 + OUTCOMES.length).fill("--:")], ...rows];
  const lines = [...table, ["all", ...counts(judged)]].map((cells) => `| ${cells.join(" | ")} |`);
  const failed = failures(judged).map(
    ({ name, item, outcome, thrown }) =>
      `- ${item}: ${name}: ${outcome}${thrown === undefined ? "" : ` (${thrown})`}`,
  );
  const list =
    failed.length === 0 ? ["All were recovered or named."] : ["Neither recovered nor named:", "", ...failed];
  return [`${head}`, "", ...lines, "", ...list].join("\n");
}

function counts(judged: readonly Judged[]): string[] {
  const of = OUTCOMES.map((outcome) => judged.filter((one) => one.outcome === outcome).length);
  return [judged.length, ...of].map(String);
}
