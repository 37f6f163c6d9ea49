/**
 * Tests WebGPU in Node as people have it: the built library and command, beside the npm package webgpu,
 * without it, and beside packages that are broken.
 */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Built, type Ended, buildLibrary, runNode, runScript } from "../../../../support/built.js";
import { scriptOf } from "../../../../support/lifecycle.js";

let built: Built;
beforeAll(async () => {
  built = await buildLibrary();
  // Two features in a row: small ones are of class 0, large ones of class 1.
  const rows = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 2, 1, 2, 3, 1, 200, 210, 220, 230);
  await writeFile(join(built.folder, "x"), rows);
  await writeFile(join(built.folder, "y"), Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 4, 0, 0, 1, 1));
});
afterAll(() => built.remove());
beforeEach(() => rm(join(built.folder, "node_modules"), { recursive: true, force: true }));

/** Installs the package beside the library. */
async function install(): Promise<void> {
  await mkdir(join(built.folder, "node_modules"), { recursive: true });
  const real = dirname(fileURLToPath(import.meta.resolve("webgpu")));
  await symlink(real, join(built.folder, "node_modules", "webgpu"));
}

/** Installs a package of the same name with another text. */
async function installText(text: string): Promise<void> {
  const folder = join(built.folder, "node_modules", "webgpu");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "type": "module", "main": "index.js" }');
  await writeFile(join(folder, "index.js"), text);
}

/** Runs a script that has `data` to train on, and prints what it prints as JSON. */
function script(text: string): Promise<Ended> {
  const body = `const { createRuntime } = await import(${JSON.stringify(join(built.folder, "index.js"))});
    const data = { x: [[0], [1], [2], [3]], y: ["a", "a", "b", "b"] };
    const engine = "webgpu";
    const print = (value) => console.log(JSON.stringify(value));
    const told = ({ name, message }) => ({ name, message });
    ${text}`;
  return runScript(scriptOf(built.folder, body), [], 60);
}

const command = (words: string) => {
  const files = words.replaceAll(/\b[xy]\b/g, (name) => join(built.folder, name));
  return runNode([join(built.folder, "cli.js"), ...files.split(" ")], 60);
};
const printed = ({ stdout }: Ended): unknown => JSON.parse(stdout);

describe("beside the package", () => {
  beforeEach(install);

  test("webgpu trains, changes no global, and lets the process end", async () => {
    const ended = await script(`
      const before = Object.getOwnPropertyNames(globalThis);
      const model = await train(data, { engine });
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name));
      print({ engine: model.engine.name, labels: model.predict([[0], [3]]), added });`);
    expect(ended.exit, ended.stderr).toBe(0);
    expect(printed(ended)).toEqual({ engine: "webgpu", labels: ["a", "b"], added: [] });
  });

  test("a device that the caller opened trains, and stays open", async () => {
    const ended = await script(`
      const { create } = await import(${JSON.stringify(import.meta.resolve("webgpu"))});
      const gpu = create([]);
      const device = await (await gpu.requestAdapter()).requestDevice();
      const model = await train(data, { engine, device });
      device.pushErrorScope("validation");
      print({ engine: model.engine.name, error: await device.popErrorScope() });`);
    expect(ended.exit, ended.stderr).toBe(0);
    expect(printed(ended)).toEqual({ engine: "webgpu", error: null });
  });

  test.each([
    ["a runtime that is left open", `await train(data, { engine, runtime: createRuntime() }); print("end");`],
    [
      "a trainer that is left",
      `await trainer(data, { engine, solver: "adam" })[Symbol.asyncIterator]().next(); print("end");`,
    ],
    [
      "a training that is aborted",
      `const late = new AbortController();
      const fit = train(data, { engine, solver: "adam", epochs: 1e6, signal: late.signal });
      setTimeout(() => late.abort("end"), 2000);
      await fit.catch(print);`,
    ],
    [
      "a runtime that is closed while it trains",
      `const runtime = createRuntime();
      const fit = train(data, { engine, solver: "adam", epochs: 1e6, runtime });
      setTimeout(() => runtime.close(), 2000);
      await fit.catch(({ name }) => print(name === "RuntimeClosedError" ? "end" : name));`,
    ],
    [
      "a runtime that was closed before",
      `const runtime = createRuntime();
      await train(data, { engine, runtime });
      await runtime.close();
      await train(data, { engine, runtime }).catch(({ name }) => print(name === "RuntimeClosedError" ? "end" : name));`,
    ],
  ])("the process ends after %s", async (_, text) => {
    const ended = await script(text);
    expect(ended.exit, ended.stderr).toBe(0);
    expect(printed(ended)).toBe("end");
  });

  test("the command trains on webgpu and ends, and says so where it failed", async () => {
    const trained = await command(`train x --labels y -o ${join(built.folder, "m.json")} --engine webgpu`);
    expect(trained.exit, trained.stderr).toBe(0);
    expect(trained.stdout).toMatch(/^4 examples, 2 classes, on webgpu \(engine is webgpu\)\n/);
    const failed = await command("train x --labels y -o m.json --engine webgpu --kernels none");
    expect(failed.exit).toBe(2);
    expect(failed.stderr).toContain("smigh: kernels is");
  });

  test("the doctor names its adapter", async () => {
    const { stdout, exit } = await command("doctor");
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^webgpu {5}(?!not available)./m);
  });
});

describe.each([
  [
    "without the package",
    undefined,
    /^There is no WebGPU here: Node has none of its own, and the npm package webgpu, .* "npm install webgpu"\.$/,
  ],
  [
    "beside a package that finds no adapter",
    "export const create = () => ({ requestAdapter: async () => null });",
    /^The npm package webgpu is installed, but finds no adapter: .* Vulkan driver .*\.$/,
  ],
  [
    "beside a package that does not load",
    'throw new Error("libdawn.so: cannot open shared object file");',
    /^The npm package webgpu is installed, but does not load: libdawn\.so: cannot open shared object file\.$/,
  ],
  [
    "beside a package that lacks a file",
    'import "./dawn.js";',
    /^The npm package webgpu is installed, but does not load: .*dawn\.js/,
  ],
] as const)("%s", (_, text, message) => {
  beforeEach(() => (text === undefined ? undefined : installText(text)));

  test("webgpu is a DeviceError that says so, and auto trains on wasm", async () => {
    const ended = await script(`
      const large = { x: new Float32Array(5e5), y: Array.from({ length: 1000 }, (_, n) => n % 2), features: 500 };
      const { engine: auto } = await train(large, { solver: "gd", epochs: 1 });
      print({ error: await train(data, { engine }).catch(told), auto });`);
    expect(ended.exit, ended.stderr).toBe(0);
    expect(printed(ended)).toMatchObject({
      error: { name: "DeviceError", message: expect.stringMatching(message) },
      auto: { name: "wasm", why: expect.stringMatching(/^engine is auto and webgpu is not available: /) },
    });
  });

  test("the command fails in one line, and the doctor goes on", async () => {
    const failed = await command("train x --labels y -o m.json --engine webgpu");
    expect(failed.exit).toBe(1);
    expect(failed.stderr.replace(/^smigh: (.*)\n$/, "$1")).toMatch(message);
    const { stdout } = await command("doctor");
    expect(stdout.match(/^webgpu {5}not available: (.*)$/m)?.[1]).toMatch(message);
    expect(stdout).toMatch(/^auto picks wasm /);
  });
});
