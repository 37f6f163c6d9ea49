// Compiles every shader with Dawn, Chrome's WebGPU, on its null backend, which needs no adapter. Every entry point
// also becomes a pipeline, so that overrides with their defaults are held to the limits that all devices have.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { create, globals } from "webgpu";

const root = join(import.meta.dirname, "..");

async function readAll(folder: string, ending: string): Promise<Map<string, string>> {
  const names = await readdir(join(root, folder), { recursive: true });
  const paths = names
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
  return new Map(
    await Promise.all(
      paths.toSorted().map(async (path) => [path, await readFile(join(root, path), "utf8")] as const),
    ),
  );
}

// Kept for as long as the device is used: Dawn crashes when its instance is collected before.
const gpu = create(["backend=null"]);

async function openDevice(): Promise<GPUDevice> {
  Object.assign(globalThis, globals);
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error("Dawn's null backend gave no adapter: reinstall the npm package webgpu.");
  const requiredFeatures = (["subgroups", "shader-f16"] as const).filter((name) =>
    adapter.features.has(name),
  );
  return adapter.requestDevice({ requiredFeatures });
}

/** What is wrong with one shader, each line beginning with its place. */
async function problemsOf(device: GPUDevice, path: string, code: string): Promise<string[]> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: path, code });
  const { messages } = await module.getCompilationInfo();
  const invalid = await device.popErrorScope();
  if (messages.length > 0) {
    return messages.map(
      ({ lineNum, linePos, type, message }) => `${path}:${lineNum}:${linePos}: ${type}: ${message}`,
    );
  }
  if (invalid) return [`${path}: ${invalid.message}`];

  const entryPoints = [...code.matchAll(/@compute\b[^{;]*?\bfn\s+(\w+)/g)].flatMap(([, name]) => name ?? []);
  if (entryPoints.length === 0) return [`${path}: no @compute entry point`];
  const problems: string[] = [];
  for (const entryPoint of entryPoints) {
    device.pushErrorScope("validation");
    device.createComputePipeline({
      label: `${path} ${entryPoint}`,
      layout: "auto",
      compute: { module, entryPoint },
    });
    const error = await device.popErrorScope();
    if (error) problems.push(`${path}: ${entryPoint}: ${error.message}`);
  }
  return problems;
}

const shaders = await readAll("shaders", ".wgsl");
const sources = [...(await readAll("src", ".ts")).values()].join("\n");
const device = await openDevice();

const problems: string[] = [];
for (const [path, code] of shaders) {
  problems.push(...(await problemsOf(device, path, code)));
  if (!sources.includes(path)) problems.push(`${path}: no file in src/ imports it`);
}
if (shaders.size === 0) problems.push("shaders: no .wgsl file found");

for (const problem of problems) console.error(problem);
console.log(`WGSL: ${shaders.size} shaders compiled, ${problems.length} problems`);
// Dawn keeps the process alive for as long as its instance is referenced.
process.exit(problems.length > 0 ? 1 : 0);
