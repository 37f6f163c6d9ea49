/** What was tried, as a table in Markdown with a row for each consumer. */
import { type Trained, threadsOf } from "./report.js";

/** An attempt that was made. */
export interface Tried {
  readonly name: string;
  readonly packages: readonly string[];
  readonly where: string;
  readonly trained: Readonly<Record<string, Trained>>;
  readonly faults: readonly string[];
}

const HEADER = ["consumer", "packages", "as", "`auto`", "`webgpu`", "result"];

export function tableOf(all: readonly Tried[]): string {
  const names = [...new Set(all.map(({ name }) => name))];
  const rows = names.map((name) => rowOf(all.filter((one) => one.name === name)));
  return [HEADER, HEADER.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** The row of a consumer. Its attempts are in their order, without those that have the same in a column. */
function rowOf(attempts: readonly Tried[]): string[] {
  const [{ name, packages }] = attempts;
  const column = (cell: (one: Tried) => string) => [...new Set(attempts.map(cell))].join(" / ");
  return [
    `\`${name}\``,
    packages.join(", "),
    column(({ where }) => where),
    column(({ trained }) => engineOf(trained["auto"])),
    column(({ trained }) => engineOf(trained["webgpu"])),
    column(({ faults }) => (faults.length === 0 ? "works" : "fails")),
  ];
}

function engineOf(trained: Trained | undefined): string {
  if (!trained) return "";
  if ("error" in trained) return "error";
  const threads = threadsOf(trained);
  if (threads === undefined) return `${trained.name}, ${trained.adapter}`;
  return `${trained.name}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}
