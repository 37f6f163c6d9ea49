/** Tests the lines that show the progress of a training. */
import { expect, test } from "vitest";
import { Reporter, asPercent } from "../../../src/cli/reporter.js";
import type { Progress } from "../../../src/index.js";

function report(epoch: number, more: Partial<Progress> = {}): Progress {
  const rest = { examples: 0, examplesPerSecond: 1234.5, elapsed: 1, fraction: epoch / 20 };
  return { iteration: epoch, epoch, loss: 0.5, accuracy: 0.875, ...rest, ...more };
}

function lines(live: boolean, reports: readonly Progress[]): string[] {
  const written: string[] = [];
  const reporter = new Reporter({ out() {}, status: (text) => written.push(text), live });
  for (const one of reports) reporter.show(one);
  reporter.end();
  return written;
}

const line = (epoch: number, percent: string) =>
  `${percent.padStart(7)}  epoch ${epoch}  loss 0.5000  accuracy 87.5 %  1235 examples/s`;

test("a terminal has one line, which is overwritten", () => {
  expect(lines(true, [report(1), report(2)])).toEqual([
    `\r\u001b[K${line(1, "5.0 %")}`,
    `\r\u001b[K${line(2, "10.0 %")}`,
    "\n",
  ]);
});

test("elsewhere each epoch has a line, its last report", () => {
  const reports = [report(1), report(1, { fraction: 0.0625 }), report(2)];
  expect(lines(false, reports)).toEqual([`${line(1, "6.3 %")}\n`, `${line(2, "10.0 %")}\n`]);
  expect(lines(false, [])).toEqual([]);
});

test("iterations have a line for every ten, with the gradient and the validation", () => {
  const more = { gradientMax: 0.0123, validation: { loss: 0.25, accuracy: 0.9 } };
  const written = lines(
    false,
    [9, 10, 19, 20].map((epoch) => report(epoch, more)),
  );
  expect(written.map((text) => text.match(/iteration (\d+)/)?.[1])).toEqual(["9", "19", "20"]);
  expect(written[0]).toContain("gradient 1.2e-2  validation 0.2500 90.0 %  1235 examples/s\n");
});

test("a terminal's line never wraps, which would leave a trail", () => {
  const more = {
    gradientMax: 0.0123,
    validation: { loss: 0.25, accuracy: 0.9 },
    examplesPerSecond: 12_345_678,
  };
  const written: string[] = [];
  for (const columns of [80, 30]) {
    const streams = { out() {}, status: (text: string) => written.push(text), live: true };
    new Reporter({ ...streams, columns: () => columns }).show(report(1234, more));
  }
  expect(written.map((text) => text.replace("\r\u001b[K", "").length)).toEqual([79, 29]);
});

test("a share that is not known is a question mark", () => {
  expect(asPercent(undefined)).toBe("?");
});
