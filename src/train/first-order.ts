/** Sets up a first-order fit on placed rows: its descent, its sampling and its parity checks. */
import type { Stopwatch } from "../core/stopwatch.js";
import type { Label } from "../data/labels.js";
import type { Passes } from "../engine/descent.js";
import type { Placement } from "../engine/engine.js";
import type { Parity } from "../parity/stages.js";
import { type FirstOrderState, firstOrder } from "../solvers/minibatch/descend.js";
import { Importance, uniform } from "../solvers/minibatch/sampling.js";
import type { StateTaker } from "../solvers/solver.js";
import type { Start } from "./optimise.js";
import type { PreparedTask } from "./prepare.js";

/** How a fit is watched, and where it goes on from. */
export interface FirstOrderRun {
  readonly clock: Stopwatch;
  /** True if epochs may begin before the one before them is reported. Default: no. */
  readonly ahead?: boolean | undefined;
  /** Receives the parity of each step that is checked. */
  readonly watch?: ((seen: Parity) => void) | undefined;
  readonly states?: StateTaker<FirstOrderState> | undefined;
  /** A state to go on from, of a fit of the same task on the same engine. It pins the kernels. */
  readonly from?: FirstOrderState | undefined;
}

/** Starts a fit by gd, sgd, adam or adamw. */
export async function startFirstOrder(
  task: PreparedTask<Label>,
  placement: Placement,
  { watch, ...run }: FirstOrderRun,
): Promise<Start> {
  const { settings, rows, examples, start, random } = task;
  const problem = { ...task.problem, ...(run.from && { kernels: run.from.kernels }) };
  const descent = await placement.descent(problem, start);
  const isBatched = (settings.batchSize ?? Infinity) < examples.train.length; // else order changes nothing
  const sampling =
    settings.sampling === "importance"
      ? new Importance({ placement, descent, problem, rows, train: examples.train, random })
      : uniform(rows, examples.train, settings.shuffle && isBatched, random);
  const check =
    watch &&
    (async (passes: Passes) => {
      const { sampledParity } = await import("../parity/sampled.js");
      watch(await sampledParity(passes, sampling.rows, problem));
    });
  const steps = firstOrder({ descent, sampling, examples, settings, check, ...run });
  return { kernels: descent.kernels, steps, release: () => descent.release() };
}
