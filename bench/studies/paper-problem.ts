/** A workload of the benchmark as a problem without data, for the studies that count. */
import type { Rows } from "../../src/core/rows.js";
import type { DescentProblem } from "../../src/engine/descent.js";
import type { Workload } from "../measure/workloads.js";

export function problemOn({ name, features, classes, batch }: Workload): {
  rows: Rows;
  problem: DescentProblem;
} {
  const x = name === "mnist" ? new Uint8Array() : new Float32Array();
  const scale = name === "mnist" ? 1 / 255 : 1;
  const rows = { count: batch, features, x, scale, labels: new Uint32Array() };
  const rule = { kind: "sgd", momentum: 0, nesterov: false } as const;
  return { rows, problem: { classes, intercept: true, rule, batchSize: batch } };
}
