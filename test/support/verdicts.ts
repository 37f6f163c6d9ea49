/** Summarises many verdicts: a table for the docs, and the worst cases. */
import type { Verdict } from "./convergence.js";

/** The largest factor by which a `reason` may understate the distance. */
const UNDERSTATED = 10;

const understated = ({ understatement }: Verdict) => (understatement ?? 0) > UNDERSTATED;

/**
 * A table and the worst cases if a promise is broken, otherwise "". One in a hundred fits at the minimum may
 * report that it has not converged.
 */
export function brokenPromises(verdicts: readonly Verdict[]): string {
  const broken = verdicts.some(
    (one) => one.falseConverged || understated(one) || one.error !== undefined || one.oracleBeaten,
  );
  const missed = verdicts.filter(({ falseNot }) => falseNot).length;
  if (!broken && missed <= 0.01 * atMinimum(verdicts).length) return "";
  return `${summaryTable(verdicts)}\n${worstCases(verdicts)}`;
}

/** Fits within a tenth of the tolerance of a minimum that exists. */
function atMinimum(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter(
    ({ fit, minimum, tolerance }) => fit && minimum.exists && fit.relative <= 0.1 * tolerance,
  );
}

/** A Markdown table with a row for each engine and solver, and rows for the flagged problems among them. */
export function summaryTable(verdicts: readonly Verdict[]): string {
  const engines = [...new Set(verdicts.map(({ engine }) => engine))];
  const kinds = ["lbfgs", "lbfgs+l1", "newton"] as const;
  const rows = engines.flatMap((engine) => {
    const own = verdicts.filter((one) => one.engine === engine);
    const sum = (flag: Verdict["flags"][number]) => own.filter(({ flags }) => flags.includes(flag));
    return [
      ...kinds.map((kind) =>
        row(
          engine,
          kind,
          own.filter((one) => one.kind === kind),
        ),
      ),
      row(engine, "all", own),
      row(engine, "of these, mean ≥ 1e5 deviations", sum("offset")),
      row(engine, "of these, without a penalty", sum("unpenalised")),
    ];
  });
  const names = [
    "engine",
    "solver",
    "problems",
    "converged",
    "false converged",
    "at the minimum",
    "of these, not converged",
    "understated > 10 ×",
    "largest understatement",
    "errors",
  ];
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(names), line(names.map(() => "---")), ...rows.map(line)].join("\n");
}

function row(engine: string, kind: string, own: readonly Verdict[]): (string | number)[] {
  const count = (of: (one: Verdict) => boolean) => own.filter(of).length;
  const largest = own.reduce((most, { understatement }) => Math.max(most, understatement ?? 0), 0);
  return [
    engine,
    kind,
    own.length,
    count(({ fit }) => fit?.converged === true),
    count(({ falseConverged }) => falseConverged),
    atMinimum(own).length,
    count(({ falseNot }) => falseNot),
    count(understated),
    largest.toPrecision(2),
    count(({ error }) => error !== undefined),
  ];
}

/** The seeds of all failures, and up to ten failures of each kind in full. */
export function worstCases(verdicts: readonly Verdict[]): string {
  const groups: { readonly [title: string]: (one: Verdict) => number } = {
    "false converged": ({ falseConverged, fit }) => (falseConverged ? (fit?.relative ?? 0) : 0),
    "at the minimum, but not converged": ({ falseNot, fit, tolerance }) =>
      falseNot ? Math.max(fit?.relative ?? 0, 0) + tolerance : 0,
    "distance understated": (one) => (understated(one) ? (one.understatement ?? 0) : 0),
    error: ({ error }) => (error === undefined ? 0 : 1),
    "below the oracle's minimum": ({ oracleBeaten, fit }) =>
      oracleBeaten ? Math.abs(fit?.relative ?? 0) : 0,
  };
  return Object.entries(groups)
    .flatMap(([title, badness]) => {
      const bad = verdicts.filter((one) => badness(one) > 0).toSorted((a, b) => badness(b) - badness(a));
      if (bad.length === 0) return [];
      const seeds = bad.map(({ seed, engine }) => `${engine}:${seed}`).join(" ");
      return [`\n${title}: ${bad.length}\n  ${seeds}`, ...bad.slice(0, 10).map(describe)];
    })
    .join("\n");
}

function describe({ seed, engine, fit, error, minimum, tolerance, description }: Verdict): string {
  const end = fit
    ? `converged ${fit.converged}, ` +
      `F − F* is ${fit.relative.toExponential(1)} of max(F*, 0.01), tolerance ${tolerance}, ` +
      `F* ${minimum.value.toPrecision(6)} ± ${minimum.error.toExponential(0)}` +
      `${minimum.exists ? "" : " (no minimum)"}, ` +
      `${fit.iterations} iterations: ${fit.reason}`
    : (error ?? "");
  return `  ${engine} ${seed}: ${end}\n    ${description}`;
}
