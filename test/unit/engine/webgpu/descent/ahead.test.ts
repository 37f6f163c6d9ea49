/** Tests work that goes on while earlier results are waited for. */
import { expect, test } from "vitest";
import { type Started, ahead } from "../../../../../src/engine/webgpu/descent/ahead.js";

/** Pieces of work that end when they are told to. */
function pieces(count: number) {
  const started: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  function* work(): Generator<Started<number>> {
    for (let n = 0; n < count; n++) {
      started.push(n);
      const result = new Promise<number>((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve(n)));
      });
      yield { result };
    }
  }
  return { started, ends, work: work() };
}

/** Resolves when what can go on has done so. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

test("results come in order, and so many later ones are under way", async () => {
  const { started, ends, work } = pieces(4);
  const results = ahead(work, 2);
  const first = results.next();
  await nextTurn();
  expect(started).toEqual([0, 1, 2]);
  ends[1]();
  ends[0]();
  expect((await first).value).toBe(0);
  expect((await results.next()).value).toBe(1);
  expect(started).toEqual([0, 1, 2, 3]);
  ends[3]();
  ends[2]();
  expect([(await results.next()).value, (await results.next()).value]).toEqual([2, 3]);
  expect((await results.next()).done).toBe(true);
});

test("a failure comes in its turn, after the work that is under way has ended", async () => {
  const { started, ends, work } = pieces(5);
  const results = ahead(work, 1);
  const first = results.next();
  await nextTurn();
  ends[1](new RangeError("the second"));
  ends[0]();
  expect((await first).value).toBe(0);
  const failing = results.next();
  let settled = false;
  const settling = failing.catch(() => (settled = true));
  await nextTurn();
  expect([started, settled]).toEqual([[0, 1, 2], false]);
  ends[2]();
  await settling;
  await expect(failing).rejects.toThrow("the second");
});
