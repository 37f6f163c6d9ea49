/** Tasks dealt to threads. Who does a task changes nothing: each writes what no other does. */
import { Plan } from "./plan";

/** Turns of a loop that waits, about 20 µs, before the thread sleeps. */
const SPINS: u32 = 4000;

/** Tasks of `size` that `count` makes: the last may be smaller. */
// @ts-ignore: decorator
@inline
export function ceilDivide(count: u32, size: u32): u32 {
  return (count + size - 1) / size;
}

/** The next task that nobody has taken. */
// @ts-ignore: decorator
@inline
export function takeTask(plan: Plan): u32 {
  if (plan.threads == 1) return plan.nextTask++;
  return atomic.add<u32>(changetype<usize>(plan) + offsetof<Plan>("nextTask"), 1);
}

/** Returns when all threads have come here, and what each has written is there for all. */
export function awaitThreads(plan: Plan): void {
  if (plan.threads == 1) {
    plan.nextTask = 0;
    return;
  }
  const arrived = changetype<usize>(plan) + offsetof<Plan>("arrived");
  const generation = changetype<usize>(plan) + offsetof<Plan>("generation");
  const now = atomic.load<u32>(generation);
  if (atomic.add<u32>(arrived, 1) == plan.threads - 1) {
    plan.nextTask = 0;
    atomic.store<u32>(arrived, 0);
    atomic.store<u32>(generation, now + 1);
    atomic.notify(generation, -1);
    return;
  }
  for (let spin: u32 = 0; spin < SPINS; spin++) {
    if (atomic.load<u32>(generation) != now) return;
  }
  while (atomic.load<u32>(generation) == now) atomic.wait<u32>(generation, now, -1);
}
