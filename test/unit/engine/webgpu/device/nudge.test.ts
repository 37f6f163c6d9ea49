/** Tests the empty submissions that make a browser look for finished work. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Nudger, answersFromTimer } from "../../../../../src/engine/webgpu/device/nudge.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A queue that only takes empty submissions. */
function fakeQueue() {
  const submit = vi.fn<(buffers: Iterable<GPUCommandBuffer>) => undefined>();
  const queue: Pick<GPUQueue, "submit"> = { submit };
  return { queue, submit };
}

test("only Firefox is known to answer from a timer", () => {
  const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";
  expect([firefox, chrome, ""].map((agent) => answersFromTimer(agent))).toEqual([true, false, false]);
});

test("nothing is submitted once nothing is awaited", async () => {
  const { queue, submit } = fakeQueue();
  const nudger = new Nudger(queue);
  const resolvers = [1, 2].map((value) => {
    let resolve = () => {};
    const answer = new Promise<number>((done) => (resolve = () => done(value)));
    return { answer: nudger.until(answer), resolve };
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(submit.mock.calls.length).toBeGreaterThanOrEqual(5);
  expect(submit.mock.calls.every(([buffers]) => Array.from(buffers).length === 0)).toBe(true);
  resolvers[0].resolve();
  await expect(resolvers[0].answer).resolves.toBe(1);
  const between = submit.mock.calls.length;
  await vi.advanceTimersByTimeAsync(10);
  expect(submit.mock.calls.length).toBeGreaterThan(between);
  resolvers[1].resolve();
  await expect(resolvers[1].answer).resolves.toBe(2);
  const after = submit.mock.calls.length;
  await vi.advanceTimersByTimeAsync(100);
  expect(submit.mock.calls.length).toBe(after);
  expect(vi.getTimerCount()).toBe(0);
});

test("an answer that fails ends it too, and later ones begin it again", async () => {
  const { queue, submit } = fakeQueue();
  const nudger = new Nudger(queue);
  await expect(nudger.until(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  await vi.advanceTimersByTimeAsync(100);
  expect(submit).not.toHaveBeenCalled();
  void nudger.until(new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(5);
  expect(submit).toHaveBeenCalled();
});
