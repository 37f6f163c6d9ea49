/** Deals tasks to threads. Each task writes memory that no other task writes, so any thread may do it. */
import { Plan } from "./plan";

/** Turns of a waiting loop, about 20 µs, before the thread sleeps. */
const SPINS: u32 = 4000;

/** Returns count / size, rounded up. */
// @ts-ignore: decorator
@inline
export function ceilDivide(count: u32, size: u32): u32 {
  return (count + size - 1) / size;
}

/** Takes the next task and returns its number. */
// @ts-ignore: decorator
@inline
export function takeTask(plan: Plan): u32 {
  if (plan.threads == 1) return plan.nextTask++;
  return atomic.add<u32>(changetype<usize>(plan) + offsetof<Plan>("nextTask"), 1);
}

/** Waits until all threads have arrived. Each then sees what the others wrote, and tasks begin at 0 again. */
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
  for (let spin: u32 = 0; spin < SPINS; spin++) { // @point wait
    if (atomic.load<u32>(generation) != now) return;
  }
  while (atomic.load<u32>(generation) == now) atomic.wait<u32>(generation, now, -1);
}
