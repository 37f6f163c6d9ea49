/** Tests signals during a training, within this process. Signals to the built command are in test/faults. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { InterruptedError, Interruption } from "../../../src/cli/interruption.js";
import { run } from "../../../src/cli/run.js";

const folder = mkdtempSync(join(tmpdir(), "smigh-signal-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

test("the first signal aborts, one at once after it is the same, and a later one ends the process", () => {
  const listeners = () => process.listenerCount("SIGINT") + process.listenerCount("SIGTERM");
  const before = listeners();
  let now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const exit = vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("The process ended.");
  });
  const interruption = new Interruption();
  try {
    expect(interruption.name).toBeUndefined();
    process.emit("SIGTERM", "SIGTERM");
    expect(interruption.name).toBe("SIGTERM");
    expect(interruption.signal.reason).toBeInstanceOf(InterruptedError);
    expect(interruption.signal.reason.status).toBe(143);
    now += 50;
    process.emit("SIGTERM", "SIGTERM");
    expect(exit).not.toHaveBeenCalled();
    now += 1000;
    expect(() => process.emit("SIGINT", "SIGINT")).toThrow("The process ended.");
    expect(exit).toHaveBeenCalledWith(130);
  } finally {
    interruption.end();
  }
  expect(listeners()).toBe(before);
});

test("a signal before there are weights says so, and writes nothing", async () => {
  const x = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 255);
  const y = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 0, 1);
  writeFileSync(join(folder, "x.idx"), x);
  writeFileSync(join(folder, "y.idx"), y);
  const signal = (name: string | symbol) => {
    if (name === "SIGINT") queueMicrotask(() => process.emit("SIGINT", "SIGINT"));
  };
  process.on("newListener", signal);
  let [out, status] = ["", ""];
  const streams = {
    out: (text: string) => (out += text),
    status: (text: string) => (status += text),
    live: false,
  };
  const words = ["x.idx", "--labels", "y.idx", "-o", "model.json"];
  const paths = words.map((word) => (word.includes(".") ? join(folder, word) : word));
  try {
    expect(await run(["train", ...paths, "--json"], streams)).toBe(130);
  } finally {
    process.removeListener("newListener", signal);
  }
  expect(out).toBe("");
  expect(status).toMatch(
    /^smigh: SIGINT ended the training, and nothing is written\. .*there is no model.*\n$/i,
  );
  expect(readdirSync(folder).sort()).toEqual(["x.idx", "y.idx"]);
});
