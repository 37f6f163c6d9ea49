/** Rows of the benchmark's board: a card per workload, a row per system, then that of the loaded result. */
import type { Run } from "../../measure/measure.js";
import { BASE } from "../../measure/report.js";
import { systems } from "../../peers/all.js";
import { workloads } from "../../measure/workloads.js";
import { isOfSweep } from "../../measure/record.js";
import type { Result } from "../../measure/result.js";

export interface Card {
  readonly workload: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly workload: string;
  readonly system: string;
  /** Whether it is from the loaded result, not measured here. */
  readonly loaded: boolean;
  readonly run?: Run;
  /** Why there is no run. */
  readonly failure?: string;
  /** What the system is doing now: empty while another has its turn, absent when nothing is measured. */
  readonly doing?: string;
  /** Time of a step relative to smigh/webgpu in the same result. */
  readonly ratio?: number;
  /** Peak of the adapter or of WebAssembly, whichever the system runs on. */
  readonly peakGflops?: number;
}

export interface Doing {
  readonly workload: string;
  readonly system: string;
  readonly what: string;
}

export function cardsOf(own: Result, theirs: Result | undefined, doing: readonly Doing[]): Card[] {
  const rows = [...rowsOf(own, false, doing), ...(theirs ? rowsOf(theirs, true, []) : [])];
  const names = inOrder(
    rows.map(({ workload }) => workload),
    workloads,
  );
  return names.map((name) => {
    const ofWorkload = rows.filter(({ workload }) => workload === name);
    const order = inOrder(
      ofWorkload.map(({ system }) => system),
      systems,
    );
    return {
      workload: name,
      rows: order.flatMap((name) => ofWorkload.filter(({ system }) => system === name)),
    };
  });
}

/** One row for each system that has run, failed or is being measured. */
function rowsOf(result: Result, loaded: boolean, doing: readonly Doing[]): Row[] {
  const rows = new Map<string, Row>();
  const put = (row: Omit<Row, "loaded">) => {
    const key = JSON.stringify([row.workload, row.system]);
    rows.set(key, { ...rows.get(key), ...row, loaded });
  };
  for (const { workload, system, what } of doing) put({ workload, system, doing: what });
  for (const { workload, system, message } of result.failures.filter((failure) => !isOfSweep(failure)))
    put({ workload, system, failure: message });
  for (const run of result.runs) {
    const { workload, system } = run;
    const peakGflops = peakOf(result, system);
    const base = result.runs.find((one) => one.workload === workload && one.system === BASE);
    put({
      workload,
      system,
      run,
      ...(base && { ratio: run.stepMs.median / base.stepMs.median }),
      ...(peakGflops !== undefined && { peakGflops }),
    });
  }
  return [...rows.values()];
}

/** Undefined for a system that runs neither on the adapter nor in WebAssembly. */
function peakOf({ peakGflops, cpuPeakGflops }: Result, system: string): number | undefined {
  if (onGpu(system)) return peakGflops;
  return system.endsWith("/wasm") ? cpuPeakGflops : undefined;
}

export function onGpu(system: string): boolean {
  return system.endsWith("/webgpu");
}

/** Distinct names: the known ones in the order of their table, then the others. */
export function inOrder(names: readonly string[], known: readonly { readonly name: string }[]): string[] {
  const all = new Set(names);
  const first = known.map(({ name }) => name).filter((name) => all.has(name));
  return [...new Set([...first, ...all])];
}
