/** Helpers for tests of trainings. */
import { vi } from "vitest";

/** The value that the promise rejects with. Throws if it does not reject. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new TypeError("It did not reject.");
    },
    (error: unknown) => error,
  );
}

/** Mocks a clock that advances 5 ms between any two readings, so that steps seem to take long. */
export function slowClock(): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => (now += 5));
}
