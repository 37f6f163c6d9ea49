/** What the board has to show: a card a workload, a row a system, and under each the loaded result's. */
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
  /** Of the result that was loaded, and not measured here. */
  readonly loaded: boolean;
  readonly run?: Run;
  /** Why there is no run. */
  readonly failure?: string;
  /** What the system is doing now: empty while it is another one's turn, absent when nothing is measured. */
  readonly doing?: string;
  /** The step's time as a multiple of smigh/webgpu's in the same result. */
  readonly ratio?: number;
  /** Of the adapter or of WebAssembly, whichever the system runs on. */
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

/** One for each system that has run, failed or is at work. */
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

/** None for a system that is on neither. */
function peakOf({ peakGflops, cpuPeakGflops }: Result, system: string): number | undefined {
  if (onGpu(system)) return peakGflops;
  return system.endsWith("/wasm") ? cpuPeakGflops : undefined;
}

export function onGpu(system: string): boolean {
  return system.endsWith("/webgpu");
}

/** Each name once: the known ones in the order of their table, then the others. */
export function inOrder(names: readonly string[], known: readonly { readonly name: string }[]): string[] {
  const all = new Set(names);
  const first = known.map(({ name }) => name).filter((name) => all.has(name));
  return [...new Set([...first, ...all])];
}
