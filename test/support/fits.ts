/** What tests of trainings share. */
import { vi } from "vitest";

/** What the promise rejects with, whatever it is. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new TypeError("It did not reject.");
    },
    (error: unknown) => error,
  );
}

/** A clock on which 5 ms pass between any two looks at it, so that steps seem to take long. */
export function slowClock(): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 5));
}
