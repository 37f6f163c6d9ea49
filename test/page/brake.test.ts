/** Tests the brake that pauses a training on the page. */
import { expect, test } from "vitest";
import { Brake } from "../../bench/page/train/brake.js";

const after = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a brake that is not held lets through", async () => {
  const brake = new Brake();
  await brake.passed();
  brake.release();
  await brake.passed();
  expect(brake.seconds).toBeLessThan(0.02);
});

test("a brake that is held lets nothing through until it is released, and counts the time", async () => {
  const brake = new Brake();
  brake.hold();
  brake.hold();
  let through = false;
  const passing = brake.passed().then(() => {
    through = true;
  });
  await after(50);
  expect(through).toBe(false);
  brake.release();
  await passing;
  expect(brake.seconds).toBeGreaterThan(0.03);
});
