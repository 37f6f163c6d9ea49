/** Tests signals that follow the caller's. */
import { expect, test } from "vitest";
import { LinkedAbort, throwIfAborted } from "../../../src/core/abort.js";

test("throws the reason, whatever it is", () => {
  expect(() => throwIfAborted(undefined)).not.toThrow();
  expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
  let thrown: unknown = "nothing";
  try {
    throwIfAborted(AbortSignal.abort(7));
  } catch (reason) {
    thrown = reason;
  }
  expect(thrown).toBe(7);
});

test("follows the caller's signal, before and after", () => {
  expect(new LinkedAbort(AbortSignal.abort("early")).signal.reason).toBe("early");
  const controller = new AbortController();
  const linked = new LinkedAbort(controller.signal);
  expect(linked.signal.aborted).toBe(false);
  controller.abort("late");
  expect(linked.signal.reason).toBe("late");
});

test("aborts alone, and no longer follows once it is unlinked", () => {
  const controller = new AbortController();
  const [own, unlinked] = [new LinkedAbort(controller.signal), new LinkedAbort(controller.signal)];
  own.abort("own");
  expect(own.signal.reason).toBe("own");
  expect(controller.signal.aborted).toBe(false);
  unlinked.unlink();
  controller.abort();
  expect(unlinked.signal.aborted).toBe(false);
});
