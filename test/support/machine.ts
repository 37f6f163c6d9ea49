/** Describes where and when figures were measured, for the head of a table. */
import { cpus } from "node:os";
import process from "node:process";

/** For example "2026-11-29, 2 cores (AMD EPYC), Node 20.20.2". */
export function machineNow(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? "unknown";
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, ${cores.length} cores (${model}), Node ${process.versions.node}`;
}
