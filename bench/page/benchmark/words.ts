/** Texts of the benchmark page. */
import { count } from "../shared/format.js";
import { isOfSweep } from "../../measure/record.js";
import type { Result } from "../../measure/result.js";

export function measuringWords(workload: string, index: number, all: number, sweep: boolean): string {
  const what = sweep ? `Sweeping the batch size of ${workload}` : `Measuring ${workload}`;
  return all === 1 ? `${what}.` : `${what}, ${index + 1} of ${all}.`;
}

export function doneWords(result: Result, workloads: readonly string[], sweep: boolean): string {
  const of = ({ workload }: { readonly workload: string }) => workloads.includes(workload);
  const runs = (sweep ? result.sweep : result.runs).filter(of).length;
  const failures = result.failures.filter((failure) => of(failure) && isOfSweep(failure) === sweep).length;
  const measured = `Done: ${counted(runs, "measurement")}`;
  return failures === 0 ? `${measured}.` : `${measured}, and ${counted(failures, "failure")}.`;
}

function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export const STOPPED = "Stopped. Results so far are shown; their spread is of fewer samples.";

export function theirWords(name: string, { date, machine }: Result): string {
  const day = new Date(date).toLocaleDateString("en", { dateStyle: "medium" });
  return `Outlined: ${name}, ${machine.browser} on ${machine.os}, ${day}.`;
}
