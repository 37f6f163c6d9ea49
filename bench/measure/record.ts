/** Builds up a result from the worker's reports. The result so far can be shown at any time. */
import type { Notice, MeasureFailure, Run } from "./measure.js";
import { thisMachine } from "./machine.js";
import type { Result } from "./result.js";

type Progress = Extract<Notice, { kind: "sampled" | "failed" }>;

export function emptyResult(): Result {
  return { date: now(), machine: thisMachine(), runs: [], sweep: [], failures: [], disagreements: [] };
}

/** Drops the runs, failures and disagreements of an earlier measurement, or sweep, of this workload. */
export function without(result: Result, workload: string, sweep: boolean): Result {
  const others = ({ workload: name }: Run) => name !== workload;
  return {
    ...result,
    runs: sweep ? result.runs : result.runs.filter(others),
    sweep: sweep ? result.sweep.filter(others) : result.sweep,
    failures: result.failures.filter(
      (failure) => failure.workload !== workload || isOfSweep(failure) !== sweep,
    ),
    disagreements: result.disagreements.filter((line) => !line.startsWith(`${workload}, `)),
  };
}

/** Adds a run or a failure in place of the system's earlier run: a system that fails has no run. */
export function withProgress(result: Result, progress: Progress, sweep: boolean): Result {
  const one = progress.kind === "sampled" ? progress.run : progress.failure;
  const runs = (sweep ? result.sweep : result.runs).filter((run) => !isSame(run, one));
  if (progress.kind === "sampled") runs.push(progress.run);
  const failures = progress.kind === "failed" ? [...result.failures, progress.failure] : result.failures;
  return { ...result, date: now(), ...(sweep ? { sweep: runs } : { runs }), failures };
}

/** Only failures of a sweep name a batch size. */
export function isOfSweep({ batch }: MeasureFailure): boolean {
  return batch !== undefined;
}

function isSame(run: Run, { workload, system, batch = run.batch }: Run | MeasureFailure): boolean {
  return run.workload === workload && run.system === system && run.batch === batch;
}

function now(): string {
  return new Date().toISOString();
}
