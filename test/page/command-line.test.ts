/** Tests the command line of `npm start`. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CommandLineError, commandLine } from "../../bench/run/command-line.js";

beforeEach(() => {
  vi.stubEnv("DISPLAY", ":0");
});
afterEach(() => vi.unstubAllEnvs());

describe("the command line", () => {
  test("needs nothing", () => {
    const { headless, json, model, query } = commandLine([]);
    expect({ headless, json, model, query: String(query) }).toEqual({
      headless: false,
      json: false,
      model: "smigh-model.json",
      query: "auto=",
    });
  });

  test("hands the options on to the page", () => {
    const { query } = commandLine(["--solver", "sgd", "--learning-rate=0.1", "--batch-size", "64"]);
    expect(Object.fromEntries(query)).toEqual({
      auto: "",
      solver: "sgd",
      "learning-rate": "0.1",
      "batch-size": "64",
    });
  });

  test("takes the options of L-BFGS without naming it", () => {
    const { query } = commandLine(["--tolerance=1e-4", "--max-iterations", "50", "--l2", "0.01"]);
    expect(Object.fromEntries(query)).toEqual({
      auto: "",
      tolerance: "1e-4",
      "max-iterations": "50",
      l2: "0.01",
    });
  });

  test("is on WebGPU where it is headless, unless another engine is named", () => {
    expect(commandLine(["--headless"]).query.get("engine")).toBe("webgpu");
    for (const engine of ["auto", "wasm", "reference"])
      expect(commandLine(["--headless", "--engine", engine]).query.getAll("engine")).toEqual([engine]);
    expect(commandLine(["--engine", "wasm"]).query.get("engine")).toBe("wasm");
  });

  test("leaves the solver open where no option but webgpu is given", () => {
    for (const words of [[], ["--headless"], ["--json", "--engine", "webgpu"]])
      expect(commandLine(words).open).toBe(true);
    for (const words of [
      ["--engine", "wasm"],
      ["--solver", "lbfgs"],
      ["--tolerance", "1e-4"],
    ])
      expect(commandLine(words).open).toBe(false);
  });

  test("--headless, --json and --model need no display", () => {
    expect(commandLine(["--headless"]).headless).toBe(true);
    expect(commandLine(["--json"])).toMatchObject({ headless: true, json: true });
    expect(commandLine(["--model", "a.json"])).toMatchObject({ headless: true, model: "a.json" });
  });

  test.runIf(process.platform === "linux")("is headless where there is no display", () => {
    vi.stubEnv("DISPLAY", "");
    vi.stubEnv("WAYLAND_DISPLAY", "");
    expect(commandLine([]).headless).toBe(true);
    vi.stubEnv("WAYLAND_DISPLAY", "wayland-0");
    expect(commandLine([]).headless).toBe(false);
  });

  test.each([
    ["--frob"],
    ["more"],
    ["--epochs"],
    ["--epochs=3"],
    ["--tolerance=-1"],
    ["--solver=rprop"],
    ["--engine=cpu"],
  ])("refuses %s", (argument) => {
    expect(() => commandLine([argument])).toThrow(CommandLineError);
  });
});
