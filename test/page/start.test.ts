// Runs `npm start` as a person does.
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChrome, wantedAdapter } from "../../bench/browsers/chrome.js";
import { loadModel } from "../../src/model/load.js";

const tsx = createRequire(import.meta.url).resolve("tsx/cli");
const script = join(import.meta.dirname, "..", "..", "bench", "run", "start.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "smigh-start-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [tsx, script, ...args],
      { env: { ...process.env, SMIGH_ADAPTER: wantedAdapter("swiftshader"), ...env } },
      (_, stdout, stderr) => resolve({ status: child.exitCode, stdout, stderr }),
    );
  });
}

/** A Chrome that drops the flags that enable WebGPU. */
const withoutWebGpu = (path: string) => `#!/bin/sh
for argument do
  shift
  case "$argument" in
    --enable-unsafe-webgpu | --use-webgpu-adapter=*) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "${path}" "$@" --disable-features=WebGPU
`;

test("--json trains on WebGPU, prints one object and saves the model", async () => {
  const file = join(folder, "model.json");
  const { status, stdout, stderr } = await start([
    "--json",
    "--solver",
    "adam",
    "--epochs",
    "2",
    "--model",
    file,
  ]);
  expect(status, stderr).toBe(0);
  const result: unknown = JSON.parse(stdout);
  expect(result).toMatchObject({
    engine: "webgpu",
    adapter: expect.stringMatching(/./),
    examples: 60_000,
    epochs: 2,
    converged: false,
    reason: "all 2 epochs are done",
    seconds: expect.any(Number),
    parity: { rho: expect.any(Number) },
    model: file,
  });
  expect(result).toHaveProperty("loss", expect.closeTo(0.33, 1));
  expect(result).toHaveProperty("trainAccuracy", expect.closeTo(0.91, 1));
  expect(result).toHaveProperty("testAccuracy", expect.closeTo(0.91, 1));
  expect(stderr).toMatch(/epoch 2\/2 {2}loss 0\.\d+ {2}accuracy 9\d\.\d+ % {2}[\d,]+ examples\/s/);
  expect(loadModel(await readFile(file)).iterations).toBe(236);
});

describe("without WebGPU", () => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const chrome = join(folder, "chrome-without-webgpu");
    const { path } = await findChrome();
    await writeFile(chrome, withoutWebGpu(path));
    await chmod(chrome, 0o755);
    env = { CHROME_PATH: chrome };
  });

  test.skipIf(process.platform === "win32")(
    "fails with the reason, since it is to be on WebGPU",
    async () => {
      const { status, stdout, stderr } = await start(["--json"], env);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/WebGPU/);
    },
  );

  test.skipIf(process.platform === "win32")("--engine auto takes wasm, and says why", async () => {
    const args = ["--engine", "auto", "--max-iterations", "3", "--model", join(folder, "wasm.json")];
    const { status, stdout, stderr } = await start(args, env);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(
      /engine +wasm on WebAssembly.+\n +engine is auto and webgpu is not available: .*WebGPU/,
    );
    expect(stdout).toMatch(
      /time .* for 3 iterations\n +all 3 iterations are done, and the largest gradient is /,
    );
    expect(stderr).toMatch(/iteration +\d+ {2}loss 0\.\d+ {2}accuracy [89]\d\.\d+ % {2}gradient \d/);
  });
});

describe("the exit status", () => {
  test("is 2 when the command line is wrong", async () => {
    const { status, stdout, stderr } = await start(["--epochs=0"]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^epochs is 0.*\n.*--help/);
  });

  test("is 1, before any training, when the model cannot be saved", async () => {
    const { status, stderr } = await start(["--model", join(folder, "nowhere", "model.json")]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^The model cannot be saved as .*nowhere/);
  });

  test("is 0 for --help", async () => {
    const { status, stdout } = await start(["--help"]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: npm start/) });
  });
});
