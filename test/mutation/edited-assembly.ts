/** Compiles kernels from AssemblyScript with one edit, for tests that must detect a wrong kernel. */
import { join } from "node:path";
import { compileAssembly } from "../../scripts/assembly.js";
import type { WasmKernels } from "../../src/engine/wasm/module.js";

const ASSEMBLY = join(import.meta.dirname, "../../src/engine/wasm/assembly");

const compiled = new Map<string, Promise<WasmKernels>>();

/** Replaces `from` by `to` in the file, where `from` must occur exactly once. Compiles every edit once. */
export function editedKernels(file: string, from: string, to: string): Promise<WasmKernels> {
  const key = JSON.stringify([file, from, to]);
  const kernels = compiled.get(key) ?? compile(file, from, to);
  compiled.set(key, kernels);
  return kernels;
}

async function compile(file: string, from: string, to: string): Promise<WasmKernels> {
  const binary = await compileAssembly(ASSEMBLY, false, { file, edit: [from, to] });
  return { module: await WebAssembly.compile(Uint8Array.from(binary)), relaxed: false };
}
