/** Tests the progress lines in a terminal. */
import { expect, test } from "vitest";
import { Terminal, progressLine } from "../../bench/run/terminal.js";

function output(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, write: (text: string) => written.push(text), written };
}

const PROGRESS = {
  iteration: 354,
  epoch: 3,
  examples: 180_000,
  loss: 0.28712,
  accuracy: 0.9195,
  examplesPerSecond: 98_765.4,
  elapsed: 1.82,
  fraction: 0.25,
};

test("a line of progress has a bar, the epoch, loss, accuracy and speed", () => {
  expect(progressLine(PROGRESS, { unit: "epoch", most: 12 })).toBe(
    `${"█".repeat(6)}${"░".repeat(18)} epoch  3/12  loss 0.2871  accuracy 91.95 %  98,765 examples/s`,
  );
});

test("of iterations it has the gradient, and not how many there will be", () => {
  const progress = { ...PROGRESS, epoch: 34, iteration: 34, gradientMax: 7.84e-5 };
  expect(progressLine(progress, { unit: "iteration", most: 1000 })).toBe(
    `${"█".repeat(6)}${"░".repeat(18)} iteration   34  loss 0.2871  accuracy 91.95 %  gradient 7.8e-5  98,765 examples/s`,
  );
});

test("on a terminal a line is written over, never wraps, and is closed before one that stays", () => {
  const tty = output(true, 5);
  const terminal = new Terminal(tty);
  terminal.show("1234567");
  terminal.say("stays");
  terminal.show("last", true);
  terminal.close();
  expect(tty.written).toEqual(["\r\u001b[2K1234", "\n", "stays\n", "\r\u001b[2Klast", "\n"]);
});

test("elsewhere there are whole lines, one in five seconds, and the final one", () => {
  const file = output(false);
  let now = 0;
  const terminal = new Terminal(file, () => now);
  for (const [time, text] of [
    [0, "a"],
    [4999, "b"],
    [5000, "c"],
  ] as const) {
    now = time;
    terminal.show(text);
  }
  terminal.show("d", true);
  terminal.clear();
  expect(file.written).toEqual(["a\n", "c\n", "d\n"]);
});
