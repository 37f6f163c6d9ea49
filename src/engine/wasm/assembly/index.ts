/** What the host calls, in every thread at once. */
import { fusedStep } from "./fused";
import { Plan } from "./plan";
import { tiledStep } from "./tiled";

/** Runs the plan's steps. All threads return together. */
export function run(at: u32, thread: u32): void {
  const plan = changetype<Plan>(at);
  for (let step: u32 = 0; step < plan.steps; step++) {
    if (plan.tiled) tiledStep(plan, step, thread);
    else fusedStep(plan, step, thread);
  }
}
