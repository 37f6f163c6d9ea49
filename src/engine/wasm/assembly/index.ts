/** The entry point, which the host calls in every thread at once. */
import { fusedPass } from "./fused";
import { orthant, restrict, subgradient } from "./orthant";
import { CENTRE, COMBINE, Entry, MULTIPLY, ORTHANT, PRODUCT, Plan, RESTRICT, SUBGRADIENT } from "./plan";
import { tiledPass } from "./tiled";
import { centre, combine, multiply, product } from "./vectors";

/** Runs the entries of a plan, one after another. All threads return together. */
export function run(at: u32, thread: u32): void {
  const plan = changetype<Plan>(at); // @point thread
  for (let step: u32 = 0; step < plan.steps; step++) {
    const entry = changetype<Entry>(plan.entries + step * offsetof<Entry>());
    if (entry.operation == COMBINE) combine(plan, entry); // @point operation
    else if (entry.operation == PRODUCT) product(plan, entry, step, thread);
    else if (entry.operation == MULTIPLY) multiply(plan, entry, thread);
    else if (entry.operation == CENTRE) centre(plan, entry);
    else if (entry.operation == SUBGRADIENT) subgradient(plan, entry);
    else if (entry.operation == ORTHANT) orthant(plan, entry);
    else if (entry.operation == RESTRICT) restrict(plan, entry);
    else if (plan.tiled) tiledPass(plan, entry, step, thread);
    else fusedPass(plan, entry, step, thread);
  }
}
