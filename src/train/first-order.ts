/** Sets up a fit by gd, sgd, adam or adamw on placed rows. */
import type { Label } from "../data/labels.js";
import type { Passes } from "../engine/descent.js";
import type { Placement } from "../engine/engine.js";
import { firstOrder } from "../solvers/minibatch/descend.js";
import { Importance, uniform } from "../solvers/minibatch/sampling.js";
import type { Given, Start } from "./optimise.js";
import type { Task } from "./problem.js";

/** Starts the fit. The descent lives until the start is released. */
export async function startFirstOrder(
  { settings: chosen, rows, problem, examples, start, random }: Task<Label>,
  placement: Placement,
  { watch, clock }: Required<Pick<Given, "watch" | "clock">>,
): Promise<Start> {
  const descent = await placement.descent(problem, start);
  const sampling =
    chosen.sampling === "importance"
      ? new Importance(placement, descent, problem, rows, examples.train, random)
      : uniform(rows, examples.train, chosen.shuffle, random);
  const check =
    watch &&
    (async (passes: Passes) => {
      const { sampledParity } = await import("../parity/sampled.js");
      watch(await sampledParity(passes, sampling.rows, problem));
    });
  const steps = firstOrder(descent, sampling, examples, chosen, clock, check);
  return { kernels: descent.kernels, steps, release: () => descent.release() };
}
